import type { LetterGroupsBody } from "@pombo/contract";
import { type Effect, type ErrorCode, rowOf } from "@pombo/domain";
import type { LetterCursor, LetterHead } from "@pombo/ledger";
import { instant, json } from "../answer.ts";
import { maySee } from "../authenticate.ts";
import type { Handler } from "../bind-route.ts";
import {
  effectOfLetter,
  filterOf,
  type LettersDeps,
  matcher,
  pages,
  readCursor,
} from "./letters.ts";

/** Letters that one request looks at. */
const GROUP_SCAN = 20_000;

/** `GET /v1/dead-letters/groups`: what there is, or what a filter would be about. */
export function groupLetters({ ledger }: LettersDeps): Handler<"groupLetters"> {
  return async ({ query, caller }) => {
    const wanted = matcher(filterOf(query), caller);
    const after = query.after === undefined ? undefined : readCursor(query.after);
    const groups = openGroups();
    let scanned = 0;
    let newest: LetterHead | undefined;
    let partial = false;
    for await (const { letters, next } of pages(ledger, { most: GROUP_SCAN })) {
      newest ??= letters.find(({ deviceId }) => maySee(caller, deviceId));
      const fresh = letters.filter((letter) => after === undefined || isAfter(letter, after));
      const seen = fresh.filter(wanted);
      const batches = await ledger.batchesAmong(seen.map(({ id }) => rowOf(id).batchId));
      for (const letter of seen) {
        const { batchId } = rowOf(letter.id);
        groups.count(letter, batches.has(batchId) ? batchId : undefined);
      }
      scanned += fresh.length;
      partial = next !== undefined && fresh.length === letters.length;
      if (!partial) break;
    }
    const body: LetterGroupsBody = {
      success: true,
      total: await ledger.countLetters(),
      scanned,
      partial,
      cursor: newest === undefined ? (query.after ?? null) : `${newest.failedAt}.${newest.id}`,
      ...groups.listed(),
    };
    return json(200, body);
  };
}

function isAfter({ failedAt, id }: LetterHead, { at, id: other }: LetterCursor): boolean {
  return failedAt > at || (failedAt === at && id > other);
}

interface Group {
  count: number;
  possible: number;
  readonly devices: Set<string>;
  readonly batches: Set<string>;
  oldest: number;
  newest: number;
}

function openGroups() {
  const byCause = new Map<`${ErrorCode} ${Effect}`, Group>();
  const byCode = new Map<ErrorCode, Group>();
  const byDevice = new Map<string, Group>();
  const byBatch = new Map<string, Group>();
  return {
    count(letter: LetterHead, batchId: string | undefined): void {
      const code = letter.code ?? "SEND_FAILED";
      const effect = effectOfLetter(letter);
      const entry = { letter, effect, batchId };
      add(byCause, `${code} ${effect}`, entry);
      add(byCode, code, entry);
      add(byDevice, letter.deviceId, entry);
      if (batchId !== undefined) add(byBatch, batchId, entry);
    },
    listed(): Pick<LetterGroupsBody, "by_cause" | "by_code" | "by_device" | "by_batch"> {
      return {
        by_cause: listed(byCause).map(([name, group]) => {
          const [code, effect] = name.split(" ") as [ErrorCode, Effect];
          return { error_code: code, effect, ...group };
        }),
        by_code: listed(byCode).map(([code, group]) => ({ error_code: code, ...group })),
        by_device: listed(byDevice).map(([id, group]) => ({ device_id: id, ...group })),
        by_batch: listed(byBatch).map(([id, group]) => ({ batch_id: id, ...group })),
      };
    },
  };
}

function add<Name extends string>(
  groups: Map<Name, Group>,
  name: Name,
  {
    letter: { deviceId, failedAt: at },
    effect,
    batchId,
  }: { readonly letter: LetterHead; readonly effect: Effect; readonly batchId: string | undefined },
): void {
  const group = groups.get(name) ?? {
    count: 0,
    possible: 0,
    devices: new Set(),
    batches: new Set(),
    oldest: at,
    newest: at,
  };
  group.count += 1;
  if (effect === "possible") group.possible += 1;
  group.devices.add(deviceId);
  if (batchId !== undefined) group.batches.add(batchId);
  group.oldest = Math.min(group.oldest, at);
  group.newest = Math.max(group.newest, at);
  groups.set(name, group);
}

/** The largest first. */
function listed<Name extends string>(groups: ReadonlyMap<Name, Group>) {
  return [...groups]
    .toSorted(([, a], [, b]) => b.count - a.count)
    .map(
      ([name, { count, possible, devices, batches, oldest, newest }]) =>
        [
          name,
          {
            count,
            possible,
            devices: devices.size,
            batches: batches.size,
            oldest: instant(oldest),
            newest: instant(newest),
          },
        ] as const,
    );
}
