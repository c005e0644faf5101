import {
  BATCH_COUNTS,
  type BatchCounts,
  type BatchFacts,
  type BatchId,
  type BatchMove,
  type BatchSettings,
  type BatchState,
  type DeviceId,
  type ErrorCode,
  type PoolId,
  type RateWindows,
  type RestStatus,
} from "@pombo/domain";

/**
 * One batch as the ledger keeps it, times in ms since the epoch: a hash `batch` with the fields
 * at state state_at version device devices gen pool digest key settings class start on_invalid send_at expires_at rest rest_at rows chunks
 * hash cursor uploaded_at ended_at reason, and a hash `counts` with a field for each of {@link BATCH_COUNTS},
 * open undrawn told_at window present before and `code:<code>`.
 */
export interface BatchRecord extends BatchFacts {
  readonly id: BatchId;
  readonly state: BatchState;
  /** Grows with every change of state. */
  readonly version: number;
  readonly stateAt: number;
  readonly settings: BatchSettings;
  /** Of the API key. */
  readonly keyId: string;
  /** What it may be sent from; more than one when it is sent from a pool. */
  readonly deviceIds: readonly DeviceId[];
  readonly poolId?: PoolId;
  readonly endedAt?: number;
  readonly reason?: BatchMove["reason"];
  /** Rows of the upload so far, good or bad. */
  readonly rows: number;
  /** Chunks that are stored. */
  readonly chunks: number;
  /** Over all rows so far, as it was given with the last chunk; empty before the first one. */
  readonly hash: string;
  /** The first row that was not drawn. */
  readonly cursor: number;
  /** Messages that were drawn from it are being ended. */
  readonly sweeping: boolean;
  /** The timeline of its rows that were not drawn. */
  readonly rowLog: string;
  /** Of the device that it belongs to: its rows go under the number that the device had then. 0: a pool's */
  readonly generation: number;
  /** Since when {@link BatchFacts.rest} is so; absent: from the beginning. */
  readonly restAt?: number;
  readonly counts: BatchCounts;
  /** Accepted rows that wait in the batch itself. */
  readonly undrawn: number;
  readonly failures: readonly { readonly code: ErrorCode; readonly count: number }[];
  /** For `rateOf`. */
  readonly windows: RateWindows;
}

type Hash = Readonly<Record<string, string>>;

export function readBatch(id: BatchId, hash: Hash, counted: Hash): BatchRecord | undefined {
  const { state, settings: text } = hash;
  if (state === undefined || text === undefined) return undefined;
  const settings = JSON.parse(text) as BatchSettings;
  const number = (name: string): number => Number(counted[name] ?? 0);
  const counts = Object.fromEntries(
    BATCH_COUNTS.map((name) => [name, number(name)]),
  ) as unknown as BatchCounts;
  return {
    id,
    state: state as BatchState,
    version: Number(hash["version"]),
    createdAt: Number(hash["at"]),
    stateAt: Number(hash["state_at"]),
    settings,
    start: settings.start,
    onInvalid: settings.onInvalid,
    ...(settings.sendAt === undefined ? {} : { sendAt: settings.sendAt }),
    ...(settings.expiresAt === undefined ? {} : { expiresAt: settings.expiresAt }),
    keyId: hash["key"] ?? "",
    deviceIds: JSON.parse(hash["devices"] ?? "[]") as DeviceId[],
    ...(hash["pool"] === undefined ? {} : { poolId: hash["pool"] as PoolId }),
    rest: (hash["rest"] ?? "queued") as RestStatus,
    ...timesOf(hash),
    ...(hash["reason"] === undefined
      ? {}
      : { reason: hash["reason"] as NonNullable<BatchMove["reason"]> }),
    rows: Number(hash["rows"]),
    chunks: Number(hash["chunks"]),
    hash: hash["hash"] ?? "",
    cursor: Number(hash["cursor"]),
    counts,
    refused: counts.invalid + counts.duplicate + counts.suppressed,
    open: number("open"),
    undrawn: number("undrawn"),
    sweeping: hash["sweep"] !== undefined,
    rowLog: hash["rowlog"] ?? "",
    generation: Number(hash["gen"] ?? 0),
    failures: failuresOf(counted),
    windows: { number: number("window"), present: number("present"), before: number("before") },
  };
}

function timesOf(hash: Hash): Pick<BatchRecord, "uploadedAt" | "endedAt" | "restAt"> {
  const { uploaded_at: uploaded, ended_at: ended, rest_at: rest } = hash;
  return {
    ...(uploaded === undefined ? {} : { uploadedAt: Number(uploaded) }),
    ...(ended === undefined ? {} : { endedAt: Number(ended) }),
    ...(rest === undefined ? {} : { restAt: Number(rest) }),
  };
}

const CODE = "code:";

function failuresOf(counted: Hash): BatchRecord["failures"] {
  return Object.entries(counted)
    .filter(([name, count]) => name.startsWith(CODE) && Number(count) > 0)
    .map(([name, count]) => ({ code: name.slice(CODE.length) as ErrorCode, count: Number(count) }))
    .toSorted((a, b) => b.count - a.count);
}
