import type { Settings } from "@pombo/domain";

export interface MemoryDeps {
  /** How much of its memory Redis uses, in percent. */
  readonly used: () => Promise<number>;
  readonly settings: Pick<Settings, "memory_redrive_percent" | "memory_check_ms">;
  /** Monotonic ms. */
  readonly clock: () => number;
}

/**
 * Says whether Redis has room for messages that wait elsewhere in a smaller form: the rest belongs to those that are under way. Looks at most
 * once in `memory_check_ms`.
 */
export function watchMemory({ used, settings, clock }: MemoryDeps): () => Promise<boolean> {
  let looked: { readonly at: number; readonly room: Promise<boolean> } | undefined;
  return () => {
    const at = clock();
    if (looked === undefined || at - looked.at >= settings.memory_check_ms) {
      const looking = {
        at,
        room: used().then((percent) => percent < settings.memory_redrive_percent),
      };
      looked = looking;
      // A look that failed is not kept.
      looking.room.catch(() => {
        if (looked === looking) looked = undefined;
      });
    }
    return looked.room;
  };
}
