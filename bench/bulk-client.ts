import { Agent, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { answerParent } from "./answer-parent.ts";
import { type BulkFile, piecesOf, TEMPLATE } from "./bulk-rows.ts";
import { percentile } from "./statistics.ts";

/** Uploads one file of rows, or asks for something small again and again meanwhile: two programs of this kind take part. */
export interface Upload extends BulkFile {
  readonly url: string;
  readonly key: string;
  readonly device: string;
}

export interface UploadEnd {
  readonly ms: number;
  readonly status: number;
  readonly body: string;
}

export interface Watch {
  readonly url: string;
  readonly key: string;
  readonly device: string;
}

export interface WatchEnd {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

const GAP_MS = 10;
const PATIENCE_MS = 60_000;

let uploading: Promise<UploadEnd> | undefined;
let watching: { stop: boolean; readonly ended: Promise<WatchEnd> } | undefined;

answerParent({
  upload(order: Upload) {
    uploading = upload(order);
    uploading.catch(() => undefined);
  },
  /** Null while it goes on. */
  uploaded: () => Promise.race([uploading, pause(PATIENCE_MS).then(() => null)]),
  watch(order: Watch) {
    const state = { stop: false };
    watching = Object.assign(state, { ended: watch(order, state) });
  },
  async watched() {
    if (watching === undefined) throw new Error("nothing is watched");
    watching.stop = true;
    return await watching.ended;
  },
});

async function upload({ url, key, device, ...file }: Upload): Promise<UploadEnd> {
  const settings = { from: device, template: TEMPLATE };
  const query = file.format === "csv" ? `?${new URLSearchParams(settings).toString()}` : "";
  const type = file.format === "csv" ? "text/csv" : "application/x-ndjson";
  const from = performance.now();
  const sent = request(`${url}/v1/batches${query}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": type },
  });
  const answered = once(sent, "response") as Promise<[IncomingMessage]>;
  await pipeline(Readable.from(piecesOf(file, settings), { objectMode: false }), sent);
  const [response] = await answered;
  const body = await text(response);
  return { ms: performance.now() - from, status: response.statusCode ?? 0, body };
}

/** One small request after the other, over one connection. */
async function watch(order: Watch, state: { readonly stop: boolean }): Promise<WatchEnd> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const took: number[] = [];
  while (!state.stop) {
    const from = performance.now();
    // oxlint-disable-next-line no-await-in-loop -- one at a time
    await ask(order, agent);
    took.push(performance.now() - from);
    // oxlint-disable-next-line no-await-in-loop
    await pause(GAP_MS);
  }
  agent.destroy();
  const [p50, p99, worst] = [0.5, 0.99, 1].map((share) => percentile(took, share));
  return { requests: took.length, p50: p50 ?? 0, p99: p99 ?? 0, worst: worst ?? 0 };
}

async function ask({ url, key, device }: Watch, agent: Agent): Promise<void> {
  const headers = { authorization: `Bearer ${key}` };
  const sent = request(`${url}/v1/devices/${device}`, { agent, headers }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}: ${body}`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
