import type { Settings } from "@pombo/domain";
import type { Ledger } from "@pombo/ledger";
import { type MediaStore, sweepStore } from "@pombo/media";
import type { Log } from "@pombo/telemetry";
import { every } from "./every.ts";

export interface TidyDeps {
  readonly ledger: Pick<Ledger, "dropOldMedia" | "knownObjects">;
  readonly store: MediaStore;
  readonly settings: Settings;
  readonly log: Pick<Log, "info" | "error">;
  readonly now: () => number;
}

const PER_SWEEP = 1_000;

/** Removes media that nobody has used for long, and what a death left in the store. Any worker may do it, several at a time too. */
export function tidyMedia({ ledger, store, settings, log, now }: TidyDeps): AsyncDisposable {
  const sweep = async (): Promise<void> => {
    const dropped = await ledger.dropOldMedia(now(), PER_SWEEP);
    await Promise.all(dropped.map(({ object }) => store.remove(object)));
    const known = (objects: readonly string[]) => ledger.knownObjects(objects);
    const orphans = await sweepStore({ store, known, orphanMs: settings.media_orphan_ms, now });
    if (dropped.length + orphans > 0) log.info("media.swept", { dropped: dropped.length, orphans });
  };
  const sweeping = every(settings.media_sweep_ms, sweep, (error) =>
    log.error("media.not_swept", { error }),
  );
  return { [Symbol.asyncDispose]: () => sweeping.stop() };
}
