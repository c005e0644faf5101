import type { CellId } from "@pombo/domain";

/**
 * Every key of a cell, named once: the name and how many parts follow it. TypeScript's key functions and the key functions that
 * the scripts see are both made from this table. All keys of a cell share the hash tag `{pombo:<cell>}`.
 */
const KEY_PARTS = {
  /** string, expiring: the traceparent of a caller that traces — message id */
  trace: 1,
  /** string: which version these keys have (ledger/schema.ts) */
  schema: 0,
  /** string, expiring: who migrates them */
  migrating: 0,
  /** hash: one message (ledger/message-record.ts) */
  message: 1,
  /** counter: the order of acceptance */
  sequence: 0,
  /** stream: the event log */
  events: 0,
  /** channel: live events */
  status: 0,
  /** channel: device ids whose lane should look again */
  wake: 0,
  /** channel: ids of devices that nobody owns any more, or yet; empty when a worker leaves, so that the others' shares grow */
  freed: 0,
  /** zset by sequence: waiting messages — device, generation, priority */
  backlog: 3,
  /** zset by sequence: cold messages set aside while the account is held — device */
  held: 1,
  /** zset by class and sequence: messages behind a gate — device, recipient */
  waiting: 2,
  /** zset by class and sequence: messages set aside for a time, which later ones of their class stay behind — device, recipient */
  aside: 2,
  /** set of message ids: the recipient has an unsettled earlier message — device, recipient */
  gate: 2,
  /** hash message id → `feed|fed at`: in hand or next — device */
  window: 1,
  /** hash: what is known of a lane: open, pace, holds — device */
  lane: 1,
  /** zset by time: `<sequence>:<message id>` what waits for a time, `x:<message id>` reminders */
  due: 0,
  /** zset recipient → warm until — device */
  warm: 1,
  /** zset LID → trusted until: trust tokens that the device holds — device */
  trusted: 1,
  /** zset recipient → last spoken to, for the recipient gap — device */
  spoken: 1,
  /** zset by time of failure: dead letters */
  letters: 0,
  /** string `1|lid` or `0`, expiring: is the number on WhatsApp — digits */
  recipient: 1,
  /** string, expiring: the digits that a LID belongs to — LID */
  alias: 1,
  /** hash: work over many letters — operation id */
  operation: 1,
  /** set: files that an erasure has found and not dropped — operation id */
  erasing: 1,
  /** set of letters: those that an operation sends anew before it goes on — operation id */
  anew: 1,
  /** zset by creation: operations that are not done */
  operations: 0,
  /** hash device → where its removal stands */
  removals: 0,
  /** hash: one batch (ledger/batch-record.ts) */
  batch: 1,
  /** hash: how many messages of a batch have each status, and what follows from that — batch */
  counts: 1,
  /** hash chunk → deflated JSON: the accepted rows of a batch — batch */
  rows: 1,
  /** hash chunk → hash over all rows of the upload up to its end — batch */
  chunks: 1,
  /** list of JSON: rows of a batch that were not accepted, and why — batch */
  batcherrors: 1,
  /** zset by creation: all batches */
  batches: 0,
  /** zset by time: batches that time brings something to */
  batchdues: 0,
  /** zset by creation: batches that have not ended — device */
  batchesof: 1,
  /** zset by sequence: messages of a batch that is paused — batch, device */
  parkedrows: 2,
  /** hash row → `<status>|<at>`: rows that ended before they were drawn — batch */
  exits: 1,
  /** zset by turn: batches that can give rows to a lane — device, class */
  ring: 2,
  /** hash digest → its message: what must not come twice — API key or batch, bucket */
  refs: 2,
  /** hash: one device */
  device: 1,
  /** zset by creation: all devices */
  devices: 0,
  /** hash: devices that send together — pool */
  pool: 1,
  /** zset by creation: all pools */
  pools: 0,
  /** set of pools: those that have the device — device */
  poolsof: 1,
  /** set of pools: those that a device which is being removed has messages to give back to — device */
  leaving: 1,
  /** string, expiring: the device that a recipient of a pool stays with — pool, recipient */
  stick: 2,
  /** zset by sequence: messages of a pool that stand with a device and can't have left — device, pool */
  pooled: 2,
  /** zset by the next look: `<device>|<pool>` where messages may have to be given back */
  returns: 0,
  /** zset device → warm until: who may have a living conversation — recipient or LID */
  talks: 1,
  /** string `owner|epoch`, expiring — device */
  lease: 1,
  /** zset by the end of the lease: who is free, and who will be */
  leases: 0,
  /** list: requests for the owner — device */
  requests: 1,
  /** zset by sequence: all messages of a device that are kept, to be listed — device */
  outbox: 1,
  /** string JSON, expiring: a message that somebody sent — device, its id */
  received: 2,
  /** zset by the time of sending: what a device received — device */
  inbox: 1,
  /** hash member → delivered | read, expiring: who of a group has a message — message id */
  receipts: 1,
  /** counter, expiring: numbers that a device has looked up — device, day */
  lookups: 2,
  /** string JSON, expiring: the groups that a device is in — device */
  groups: 1,
  /** string, expiring: the answer to a request — request id */
  reply: 1,
  /** hash name → sealed bytes: credentials — device */
  credentials: 1,
  /** hash, expiring: an idempotency record — digest of scope and key */
  idempotency: 1,
  /** hash recipient → `reason|at|by|note`: whom nothing is sent to */
  suppressed: 0,
  /** zset by the order of adding: the recipients of the same list */
  suppressions: 0,
  /** hash salted digest → `reason|at||`: the same of people who were erased; `salt` */
  sealed: 0,
  /** hash: an API key — digest */
  apikey: 1,
  /** string (JSON): one media — media id */
  media: 1,
  /** zset by the end of their keeping: all media */
  mediaends: 0,
  /** string (JSON), expiring: media as WhatsApp has it from this device — device, `<media id>|<kind>` */
  upload: 2,
  /** counter, expiring: requests of an API key in a window — digest, number of the window */
  rate: 2,
  /** zset, all scores 0: `id:digest` of every API key */
  apikeys: 0,
  /** string (JSON), expiring: somebody is signed in to the console — digest */
  session: 1,
  /** counter, expiring: sign-ins of an address that failed — digest of the address */
  signins: 1,
  /** zset: living workers by heartbeat */
  workers: 0,
  /** hash worker → how many lanes it runs */
  lanes: 0,
  /** zset by the last sign of life: workers that stopped or fell silent */
  departed: 0,
  /** hash, expiring: who took the devices of a worker that is gone, how many and when — worker */
  takers: 1,
  /** list of `at|what|…`, the latest first: what became of a device — device */
  history: 1,
  /** hash, expiring: what happened in a stretch of time, by status — its start, ms */
  pulse: 1,
  /** string: what stands before this id may be gone from the event log */
  trimmed: 0,
  /** string `owner|epoch`, expiring: who reads the event log for the endpoints */
  reader: 0,
  /** counter: the epochs of the readers */
  readings: 0,
  /** channel: ids of endpoints that the reader should look at */
  nudge: 0,
  /** hash: an endpoint for webhooks */
  endpoint: 1,
  /** zset by creation: all endpoints */
  endpoints: 0,
  /** hash, expiring once it has ended: one event for one endpoint — endpoint, delivery */
  delivery: 2,
  /** zset by last change: deliveries that are shown — endpoint */
  deliveries: 1,
  /** zset by time: what is neither delivered nor parked — endpoint */
  undelivered: 1,
  /** zset by the time of the next try: of these, what failed — endpoint */
  retrying: 1,
  /** zset by the end of the request: of these, what is under way — endpoint */
  inhand: 1,
  /** zset by time: what was tried for a day — endpoint */
  parked: 1,
} as const;

type KeyName = keyof typeof KEY_PARTS;
type Parts<N extends number> = N extends 0
  ? []
  : N extends 1
    ? [string]
    : N extends 2
      ? [string, string]
      : [string, string, string];

export type Keys = {
  readonly [Name in KeyName]: (...parts: Parts<(typeof KEY_PARTS)[Name]>) => string;
} & {
  /** `{pombo:<cell>}`: what every key of the cell begins with. */
  readonly tag: string;
};

/** @example cellKeys("c0").message(id) is `{pombo:c0}:message:<id>` */
export function cellKeys(cell: CellId): Keys {
  const tag = `{pombo:${cell}}`;
  const functions = Object.fromEntries(
    Object.keys(KEY_PARTS).map((name) => [
      name,
      (...parts: string[]) => [tag, name, ...parts].join(":"),
    ]),
  );
  return { ...functions, tag } as unknown as Keys;
}

/**
 * The same functions in Lua, as the local table `key`; the tag is the script's first key. Only those that `text` uses: each one
 * costs every run of the script a little.
 */
export function luaKeys(text?: string): string {
  const names = new Set(Array.from(text?.matchAll(/key\.(\w+)\(/g) ?? [], ([, name]) => name));
  const used = Object.entries(KEY_PARTS).filter(([name]) => text === undefined || names.has(name));
  const functions = used.map(([name, parts]) => {
    const given = ["a", "b", "c"].slice(0, parts);
    return `function key.${name}(${given.join(", ")}) return ${luaKey(name, given)} end`;
  });
  const table = functions.length === 0 ? [] : ["local key = {}"];
  return ["local tag = KEYS[1]", ...table, ...functions].join("\n");
}

/**
 * The text with the bodies of `luaKeys` in the place of their calls, where what they are given has no brackets of its own. Observed: each
 * function that a script defines costs every run about 1,000 instructions of Redis, a third of a `GET`.
 */
export function inlineKeys(text: string): string {
  return text.replaceAll(/\bkey\.(\w+)\(([^()]*)\)/g, (call, name: string, given: string) => {
    const parts = given.trim() === "" ? [] : given.split(",").map((part) => part.trim());
    const known = Object.entries(KEY_PARTS).some(
      ([one, count]) => one === name && count === parts.length,
    );
    return known ? `(${luaKey(name, parts.map(asOperand))})` : call;
  });
}

function luaKey(name: string, parts: readonly string[]): string {
  const [first, ...more] = parts;
  if (first === undefined) return `tag .. ":${name}"`;
  return [`tag .. ":${name}:" .. ${first}`, ...more].join(` .. ":" .. `);
}

/** What binds weaker than `..` is put in brackets. */
function asOperand(part: string): string {
  return /^[\w.[\]]+$/.test(part) ? part : `(${part})`;
}
