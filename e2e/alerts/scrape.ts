import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pombo } from "../pombo.ts";

/** Every series of every process, as Prometheus would name it. */
export type Samples = ReadonlyMap<string, number>;

/** A process that stands still never answers. */
const SCRAPE_MS = 1_000;

/** Asks each process for its metrics, as Prometheus does. */
export async function scrapeAll(pombo: Pombo): Promise<Samples> {
  const headers = { authorization: `Bearer ${pombo.ready.api_key}` };
  const asked = [
    told("pombo-api", ask(`${pombo.ready.api_url}/metrics`, { headers })),
    ...["worker-1", "worker-2", "notifier"].map(async (name) =>
      told(`pombo-${name}`, ask(await served(pombo, name))),
    ),
  ];
  return new Map((await Promise.all(asked)).flat());
}

/** The highest of all series with this name and these labels. */
export function most(samples: Samples, name: string, labels = ""): number {
  return Math.max(0, ...valuesOf(samples, name, labels));
}

/** All series with this name and these labels together. */
export function total(samples: Samples, name: string, labels = ""): number {
  return valuesOf(samples, name, labels).reduce((sum, value) => sum + value, 0);
}

function valuesOf(samples: Samples, name: string, labels: string): readonly number[] {
  return [...samples]
    .filter(([series]) => series.startsWith(`${name}{`) && series.includes(labels))
    .map(([, value]) => value);
}

function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(SCRAPE_MS) });
}

/** Where a process serves its metrics, as its log says. */
async function served(pombo: Pombo, name: string): Promise<string> {
  const log = await readFile(join(pombo.data, "logs", `${name}.log`), "utf8");
  const line = log.split("\n").findLast((text) => text.includes('"metrics.served"'));
  return (JSON.parse(line ?? "{}") as { url: string }).url;
}

async function told(instance: string, answer: Promise<Response>): Promise<[string, number][]> {
  const { status, text } = await answer.then(
    async (response) => ({ status: response.status, text: await response.text() }),
    () => ({ status: 0, text: "" }),
  );
  const samples = [...text.matchAll(/^((?:pombo|nodejs_eventloop)_\w+)(?:\{(.*)\})? (\S+)$/gm)];
  return [
    [`up{job="${instance}"}`, status === 200 ? 1 : 0],
    ...(status === 200 ? samples : []).map(
      ([, name = "", labels = "", value]): [string, number] => [
        `${name}{${labels === "" ? "" : `${labels},`}instance="${instance}"}`,
        Number(value),
      ],
    ),
  ];
}
