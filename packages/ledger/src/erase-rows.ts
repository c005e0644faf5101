import {
  type BatchId,
  CHUNK_ROWS,
  ERASED,
  type PackedRow,
  packRows,
  unpackRows,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import type { Run } from "./scripts.ts";

/** Goes on behind the cursor (from the start when it is empty); without one in its answer everything has been looked at. */
export type BatchErasure = (
  names: readonly string[],
  cursor: string,
) => Promise<{ readonly erased: number; readonly looked: number; readonly cursor?: string }>;

interface RowDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}

/** Chunks, or pages of errors, of one step. */
const PER_STEP = 10;
const ERRORS_PAGE = 500;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/**
 * Takes a person out of the rows of all batches. A row of his stays, so that every count stays true: without its words, for a recipient
 * that nothing is sent to.
 */
export function batchErasure(deps: RowDeps): BatchErasure {
  const { redis, keys } = deps;
  return async (names, cursor) => {
    const [from = "", part = "", at = "0"] = cursor.split("|");
    const ids = (await redis.zrange(keys.batches(), "0", "-1")).toSorted();
    const id = ids.find((one) => one >= from) as BatchId | undefined;
    if (id === undefined) return { erased: 0, looked: 0 };
    const goesOn = id === from;
    const start = goesOn ? Number(at) : 0;
    return goesOn && part === "errors"
      ? eraseErrors({ id, names, start }, deps)
      : eraseChunks({ id, names, start }, deps);
  };
}

interface Stretch {
  readonly id: BatchId;
  readonly names: readonly string[];
  readonly start: number;
}

async function eraseChunks({ id, names, start }: Stretch, { redis, keys, run }: RowDeps) {
  let [erased, looked] = [0, 0];
  for (let index = start; index < start + PER_STEP; index += 1) {
    // oxlint-disable-next-line no-await-in-loop -- chunk after chunk
    const bytes = await redis.hgetBuffer(keys.rows(id), String(index));
    if (bytes === null) return { erased, looked, cursor: `${id}|errors|0` };
    // oxlint-disable-next-line no-await-in-loop
    const rows = unpackRows(String(await inflate(bytes)));
    looked += rows.length;
    const kept = rows.map((row) => (row !== null && names.includes(row.to) ? blank(row) : row));
    const places = kept.flatMap((row, at) =>
      row === rows[at] ? [] : [index * CHUNK_ROWS + at + 1],
    );
    if (places.length === 0) continue;
    // Before its row: a death in between leaves what the next try finds.
    // oxlint-disable-next-line no-await-in-loop
    await dropEdits(id, places, { redis, keys });
    // oxlint-disable-next-line no-await-in-loop
    const packed = await deflate(packRows(kept), { level: 1 });
    // oxlint-disable-next-line no-await-in-loop
    const replaced = await run("replace-rows", id, "rows", index, sha1(bytes), packed);
    // It has changed meanwhile: the next step looks again.
    if (replaced !== 1) return { erased, looked, cursor: `${id}|rows|${index}` };
    erased += places.length;
  }
  return { erased, looked, cursor: `${id}|rows|${start + PER_STEP}` };
}

/** What a row that waits shall say instead: it says nothing now. */
async function dropEdits(
  id: BatchId,
  rows: readonly number[],
  { redis, keys }: Pick<RowDeps, "redis" | "keys">,
): Promise<void> {
  const exits = await redis.hmget(keys.exits(id), ...rows.map(String));
  const edited = rows.filter((_, at) => exits[at]?.startsWith("body|") === true);
  if (edited.length > 0) await redis.hdel(keys.exits(id), ...edited.map(String));
}

/** As many values as there were: its template still finds each. */
function blank({ values }: PackedRow): PackedRow {
  return values === undefined
    ? { to: ERASED, content: { kind: "text", text: "" } }
    : { to: ERASED, values: values.map(() => "") };
}

async function eraseErrors({ id, names, start }: Stretch, { redis, keys, run }: RowDeps) {
  const page = await redis.lrange(keys.batcherrors(id), start, start + ERRORS_PAGE - 1);
  let erased = 0;
  for (const [offset, text] of page.entries()) {
    const kept = withoutNames(text, names);
    if (kept === text) continue;
    // oxlint-disable-next-line no-await-in-loop -- few of many
    const replaced = await run("replace-rows", id, "errors", start + offset, sha1(text), kept);
    if (replaced === 1) erased += 1;
  }
  const looked = page.length;
  // Stands before the next id, and behind this one.
  const cursor = looked < ERRORS_PAGE ? `${id}~|rows|0` : `${id}|errors|${start + ERRORS_PAGE}`;
  return { erased, looked, cursor };
}

/** The whole number: not a part of a longer one. */
function withoutNames(text: string, names: readonly string[]): string {
  return names.reduce((left, name) => {
    const end = name.includes("@") ? "" : String.raw`(?!\d)`;
    return left.replaceAll(new RegExp(String.raw`(?<!\d)${name}${end}`, "g"), ERASED);
  }, text);
}

function sha1(bytes: string | Buffer): string {
  return createHash("sha1").update(bytes).digest("hex");
}
