import { setTimeout as pause } from "node:timers/promises";
import type { Correspondence } from "./correspond.ts";
import type { Dice } from "./dice.ts";
import type { Letter } from "./plan.ts";
import type { Stage } from "./stage.ts";

interface Uploaded {
  readonly batch_id: string;
  readonly accepted: number;
}

interface Counts {
  readonly accepted: number;
  readonly invalid: number;
  readonly duplicate: number;
  readonly suppressed: number;
  readonly [status: string]: number;
}

const PATIENCE_MS = 120_000;
const TRY_AGAIN_MS = 200;
const LOOK_MS = 300;
const KEY = "chaos";
const NOT_ACCEPTED = new Set(["accepted", "invalid", "duplicate", "suppressed"]);

/**
 * All letters as the rows of one upload from a pool of all devices, each row when its moment has come: whenever the API dies the client
 * sends everything again under the same key. Meanwhile the counts are looked at: they must always add up.
 */
export async function upload(
  stage: Stage,
  threads: readonly (readonly Letter[])[],
  { dice, began }: { readonly dice: Dice; readonly began: number },
): Promise<Correspondence> {
  const rows = threads.flat().toSorted((a, b) => a.at - b.at);
  const odd: string[] = [];
  const watching = new AbortController();
  const watched = watchCounts(stage, watching.signal, odd);
  const pool = await createPool(stage);
  const end = began + (rows.at(-1)?.at ?? 0) + PATIENCE_MS;
  let done: Uploaded | undefined;
  let tries = 0;
  while (done === undefined && Date.now() < end) {
    tries += 1;
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const answer = await tryOnce(stage, { url: dice.pick(stage.apiUrls) ?? "", pool, rows, began });
    if (answer.kind === "accepted") done = answer.uploaded;
    else if (answer.kind === "odd") odd.push(answer.says);
    if (answer.kind === "odd") break;
    // oxlint-disable-next-line no-await-in-loop -- a client's own patience
    if (done === undefined) await pause(TRY_AGAIN_MS);
  }
  watching.abort();
  await watched;
  if (done === undefined) return { accepted: [], odd: [...odd, "the upload was not accepted"] };
  if (done.accepted !== rows.length) odd.push(`of ${rows.length} rows ${done.accepted} accepted`);
  const prefix = `3EB0${done.batch_id.slice("bat_".length)}`;
  const accepted = rows.map((letter, index) => {
    const row = (index + 1).toString(16).toUpperCase().padStart(7, "0");
    return { ...letter, id: prefix + row, tries };
  });
  return { accepted, odd };
}

async function createPool({ pombo, devices }: Stage): Promise<string> {
  const body = { name: "chaos", devices: devices.map(({ id }) => id) };
  const made = await pombo.api<{ pool_id: string }>("POST", "/v1/pools", body);
  return made.body.pool_id;
}

type Try =
  | { readonly kind: "accepted"; readonly uploaded: Uploaded }
  | { readonly kind: "again" }
  | { readonly kind: "odd"; readonly says: string };

interface Upload {
  readonly url: string;
  readonly pool: string;
  readonly rows: readonly Letter[];
  readonly began: number;
}

async function tryOnce({ pombo }: Stage, { url, pool, rows, began }: Upload): Promise<Try> {
  try {
    const response = await fetch(`${url}/v1/batches?from=${pool}&start=streaming`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${pombo.ready.api_key}`,
        "content-type": "text/csv",
        "idempotency-key": KEY,
      },
      body: ReadableStream.from(linesOf(rows, began)),
      duplex: "half",
    });
    const body = (await response.json()) as Partial<Uploaded> & { error_code?: string };
    if (response.status === 202) return { kind: "accepted", uploaded: body as Uploaded };
    const passing = response.status >= 500 || body.error_code === "IDEMPOTENCY_KEY_IN_PROGRESS";
    return passing ? { kind: "again" } : { kind: "odd", says: JSON.stringify(body) };
  } catch {
    return { kind: "again" };
  }
}

async function* linesOf(rows: readonly Letter[], began: number): AsyncGenerator<Buffer> {
  yield Buffer.from("to,text\r\n");
  for (const { recipient, text, at } of rows) {
    const early = began + at - Date.now();
    // oxlint-disable-next-line no-await-in-loop -- each row in its time
    if (early > 0) await pause(early);
    yield Buffer.from(`${recipient},"${text}"\r\n`);
  }
}

/** At every moment each accepted row is counted in exactly one status, and no row is forgotten. */
async function watchCounts({ pombo }: Stage, signal: AbortSignal, odd: string[]): Promise<void> {
  let most = 0;
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop -- look after look
    await pause(LOOK_MS, undefined, { signal }).catch(() => undefined);
    // oxlint-disable-next-line no-await-in-loop
    const listed = await pombo
      .api<{ batches?: readonly { counts: Counts }[] }>("GET", "/v1/batches")
      .catch(() => undefined);
    const counts = listed?.body.batches?.[0]?.counts;
    if (counts === undefined) continue;
    const says = wrongCounts(counts, most);
    if (says !== undefined) odd.push(`${says}: ${JSON.stringify(counts)}`);
    most = counts.accepted;
  }
}

export function wrongCounts(counts: Counts, before: number): string | undefined {
  const sum = Object.entries(counts)
    .filter(([name]) => !NOT_ACCEPTED.has(name))
    .reduce((all, [, count]) => all + count, 0);
  if (sum !== counts.accepted) return `the counts add up to ${sum}`;
  return counts.accepted < before ? `${before} were accepted before` : undefined;
}
