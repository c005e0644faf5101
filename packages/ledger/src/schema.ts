import { randomUUID } from "node:crypto";
import type { Keys, Redis } from "@pombo/redis";
import { setTimeout as delay } from "node:timers/promises";
import type { Run } from "./scripts.ts";

/** A change of the keys of a cell that the version before doesn't understand. */
export interface Migration {
  /** The version that the cell has afterwards; there is one for each, in order, from 1. */
  readonly to: number;
  /** What it does, for the person who runs it. */
  readonly says: string;
  /** Processes of the version before may go on meanwhile, so that any process does it when it starts. */
  readonly beside: boolean;
  /** Stands being begun again after a death at any line. */
  readonly run: (place: { readonly redis: Redis; readonly keys: Keys }) => Promise<void>;
}

/** Every change of the keys that needs one adds a row. A cell that has data and no version is of 0.1.0, which noted none: 0. */
export const MIGRATIONS: readonly Migration[] = [
  { to: 1, says: "notes the version", beside: true, run: () => Promise.resolve() },
];

export interface SchemaSeen {
  /** As it stands there; null: none does. */
  readonly noted: string | null;
  readonly empty: boolean;
  /** Living ones. */
  readonly workers: number;
}

export interface SchemaPermission {
  /** Also what no process may go on beside. */
  readonly mayMigrate: boolean;
}

export type SchemaVerdict =
  | { readonly kind: "same" }
  | { readonly kind: "write"; readonly version: number }
  | { readonly kind: "migrate"; readonly from: number; readonly steps: readonly Migration[] }
  | { readonly kind: "refuse"; readonly says: string };

/** What is to be done about the version of a cell's keys, before anything else is read or written. */
export function judgeSchema(
  { noted, empty, workers }: SchemaSeen,
  { mayMigrate }: SchemaPermission,
  migrations: readonly Migration[] = MIGRATIONS,
): SchemaVerdict {
  const newest = migrations.length;
  if (noted === null && empty) return { kind: "write", version: newest };
  const from = noted === null ? 0 : /^\d{1,6}$/.test(noted) ? Number(noted) : undefined;
  if (from === newest) return { kind: "same" };
  if (from === undefined)
    return refuse(
      `The version of the data in Redis can't be read: it is not touched. Is another program's data there?`,
    );
  if (from > newest)
    return refuse(
      `The data in Redis has version ${from}, written by a newer Pombo; this one works with version ${newest} and does not touch it. Start the newer one, or restore the backup from before the update`,
    );
  const steps = migrations.slice(from);
  if (steps.every(({ beside }) => beside)) return { kind: "migrate", from, steps };
  if (!mayMigrate)
    return refuse(
      `The data in Redis has version ${from}, and this Pombo works with version ${newest}. Stop all processes, take a backup, and run: pombo migrate`,
    );
  if (workers > 0)
    return refuse(
      `The data in Redis has version ${from} and can't be migrated to ${newest} while processes use it: ${workers} ${workers === 1 ? "worker lives" : "workers live"}. Stop all processes first`,
    );
  return { kind: "migrate", from, steps };
}

function refuse(says: string): SchemaVerdict {
  return { kind: "refuse", says };
}

export type SchemaSettled =
  | { readonly kind: "same" | "written" }
  | { readonly kind: "migrated"; readonly did: readonly string[] }
  | { readonly kind: "refused"; readonly says: string };

export interface Schemas {
  readonly seeSchema: () => Promise<SchemaSeen>;
  /**
   * Sees to it that the cell has the keys that this version works with, or says why it must not be touched. Whoever comes while
   * another migrates waits for the end.
   */
  settleSchema(permission: SchemaPermission): Promise<SchemaSettled>;
}

export interface SchemaDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly migrations?: readonly Migration[];
}

const LOCK_MS = 30_000;
const RENEW_MS = 10_000;
const WAIT_MS = 250;

export function schemas({ redis, keys, run, migrations = MIGRATIONS }: SchemaDeps): Schemas {
  const hold = async (owner: string): Promise<boolean> =>
    (await run("hold-schema", owner, LOCK_MS)) === 1;

  async function seeSchema(): Promise<SchemaSeen> {
    const roots = [keys.apikeys(), keys.devices(), keys.events(), keys.batches(), keys.endpoints()];
    const noted = await redis.get(keys.schema());
    const found = await redis.exists(...roots);
    const since = Date.now() - WORKER_SILENT_MS;
    const workers = await redis.zcount(keys.workers(), since, "+inf");
    return { noted, empty: found === 0, workers };
  }

  async function migrate(owner: string, steps: readonly Migration[]): Promise<string[]> {
    const renewal = setInterval(() => void hold(owner).catch(() => undefined), RENEW_MS);
    try {
      for (const { to, run: step } of steps) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await step({ redis, keys });
        // oxlint-disable-next-line no-await-in-loop
        if ((await run("note-schema", owner, to)) !== 1)
          throw new Error("another process has taken the migration over: start again");
      }
      return steps.map(({ says }) => says);
    } finally {
      clearInterval(renewal);
      await run("drop-schema", owner);
    }
  }

  return {
    seeSchema,
    async settleSchema({ mayMigrate }) {
      const owner = randomUUID();
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- until another one's migration is over
        const verdict = judgeSchema(await seeSchema(), { mayMigrate }, migrations);
        if (verdict.kind === "same") return { kind: "same" };
        if (verdict.kind === "refuse") return { kind: "refused", says: verdict.says };
        if (verdict.kind === "write") {
          // oxlint-disable-next-line no-await-in-loop
          const first = await redis.set(keys.schema(), verdict.version, "NX");
          if (first !== null) return { kind: "written" };
          continue;
        }
        // oxlint-disable-next-line no-await-in-loop
        if (await hold(owner)) {
          // What was seen before the lock may be over.
          // oxlint-disable-next-line no-await-in-loop
          const again = judgeSchema(await seeSchema(), { mayMigrate }, migrations);
          const steps = again.kind === "migrate" ? again.steps : [];
          // oxlint-disable-next-line no-await-in-loop
          const did = await migrate(owner, steps);
          if (did.length > 0) return { kind: "migrated", did };
          continue;
        }
        // oxlint-disable-next-line no-await-in-loop
        await delay(WAIT_MS);
      }
    },
  };
}

/**
 * For a process that starts: migrates what may be migrated beside others.
 *
 * @throws a sentence for its user, when the data must not be touched
 */
export async function demandSchema(
  ledger: Pick<Schemas, "settleSchema">,
  tell: (event: "schema.migrated", fields: { readonly did: readonly string[] }) => void,
): Promise<void> {
  const settled = await ledger.settleSchema({ mayMigrate: false });
  if (settled.kind === "refused") throw new Error(settled.says);
  if (settled.kind === "migrated") tell("schema.migrated", { did: settled.did });
}

/** A worker that said nothing for so long counts as gone. */
const WORKER_SILENT_MS = 15_000;
