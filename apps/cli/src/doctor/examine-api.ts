import { createPombo, type Pombo, PomboError } from "@pombo/sdk";
import { judgeFleet } from "./examine-fleet.ts";
import { type Finding, problem, reasonOf, unseen, warning, well } from "./finding.ts";

const PATIENCE_MS = 5_000;
/** The Date of an answer has whole seconds only. */
const CLOCKS_APART_MS = 3_000;

export interface ApiPlace {
  readonly url: string;
  /** Undefined when nobody said one. */
  readonly key: string | undefined;
}

/** Does it answer, does it take requests, is the key good, and who works behind it? */
export async function examineApi({ url, key }: ApiPlace): Promise<readonly Finding[]> {
  const live = await ask(`${url}/health/live`);
  if (live.kind === "away")
    return [problem(`api: ${url} can't be reached: ${live.reason}`, "start it, or mend the URL")];
  if (!live.isPombo)
    return [
      problem(`api: what answers at ${url} is no Pombo`, "mend the URL, or the proxy before it"),
    ];
  const ready = await ask(`${url}/health/ready`);
  const isReady = ready.kind === "answer" && ready.isPombo;
  const why = ready.kind === "away" ? ready.reason : ready.says;
  return [
    isReady
      ? well(`api: ${url} takes requests`)
      : problem(`api: ${url} lives and takes no requests: ${why}`, "look at its Redis"),
    ...clocks(live.date),
    ...unencrypted(url),
    ...(await examineKey({ url, key })),
  ];
}

type Health =
  | { readonly kind: "away"; readonly reason: string }
  | {
      readonly kind: "answer";
      /** And a good answer of one. */
      readonly isPombo: boolean;
      readonly says: string;
      readonly date: string | null;
    };

async function ask(url: string): Promise<Health> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    const body = readBody(text);
    const isPombo = response.ok && body.success === true;
    const says = body.error ?? `it answered with status ${response.status}`;
    return { kind: "answer", isPombo, says, date: response.headers.get("date") };
  } catch (error) {
    return { kind: "away", reason: reasonOf(error) };
  }
}

interface HealthBody {
  readonly success?: boolean;
  readonly error?: string;
}

function readBody(text: string): HealthBody {
  try {
    return JSON.parse(text) as HealthBody;
  } catch {
    return {};
  }
}

function clocks(date: string | null): Finding[] {
  const there = Date.parse(date ?? "");
  const apart = Math.abs(Date.now() - there);
  if (Number.isNaN(there) || apart <= CLOCKS_APART_MS) return [];
  return [
    problem(
      `api: its clock and ours are ${Math.round(apart / 1_000)} s apart`,
      "let both follow a time server (chrony, systemd-timesyncd)",
    ),
  ];
}

function unencrypted(url: string): Finding[] {
  const { protocol, hostname } = new URL(url);
  const isOurs = /^(localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
  if (protocol === "https:" || isOurs) return [];
  return [
    warning(
      `api: keys and messages travel to ${hostname} unencrypted`,
      "put TLS before it, and say https://",
    ),
  ];
}

async function examineKey({ url, key }: ApiPlace): Promise<Finding[]> {
  if (key === undefined)
    return [unseen("api key: none was said", "say one in POMBO_API_KEY or by --key")];
  const pombo = createPombo({ url, key, timeoutMs: PATIENCE_MS, retry: { attempts: 1 } });
  try {
    await pombo.listLimits();
  } catch (error) {
    const remedy = "make one: POST /v1/api-keys, or on its machine pombo keys create --local";
    const isKey = error instanceof PomboError && error.status === 401;
    if (isKey) return [problem("api key: it is unknown, revoked or expired", remedy)];
    return [problem(`api key: it could not be tried: ${reasonOf(error)}`, "look at the API's log")];
  }
  return [well("api key: it is good"), ...(await examineWorkers(pombo))];
}

async function examineWorkers(pombo: Pombo): Promise<readonly Finding[]> {
  try {
    const { workers, devices, unowned } = await pombo.listWorkers();
    return judgeFleet({ workers: workers.length, devices, unowned });
  } catch (error) {
    if (error instanceof PomboError && error.code === "FORBIDDEN")
      return [
        unseen("workers: the key may not see them", "a key with the scope ops:read sees more"),
      ];
    return [problem(`workers: they can't be seen: ${reasonOf(error)}`, "look at the API's log")];
  }
}
