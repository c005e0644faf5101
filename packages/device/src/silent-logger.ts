import type { makeWASocket } from "@whiskeysockets/baileys";

type Logger = NonNullable<Parameters<typeof makeWASocket>[0]["logger"]>;

export interface SilentLogger {
  readonly logger: Logger;
  /** How many errors and warnings Baileys would have printed. Their texts hold numbers and keys, so they go nowhere. */
  readonly counts: () => { readonly errors: number; readonly warnings: number };
}

/**
 * Baileys' logger: prints nothing, counts, and tells about one line.
 *
 * In the pinned release `debug({msgId}, "sending message to …")` is called at one place: right before a message stanza is
 * handed to the socket, with nothing but synchronous code between. That is the only way to learn, before the fact, that a
 * message is about to leave; what `onHandOver` throws keeps it from leaving. A system test holds this for the next upgrade.
 */
export function openSilentLogger(onHandOver: (messageId: string) => void): SilentLogger {
  let errors = 0;
  let warnings = 0;
  const logger: Logger = {
    // Not `trace` and not `debug`: Baileys would render every stanza as text.
    level: "silent",
    child: () => logger,
    trace: nothing,
    debug: (fields) => {
      const id = (fields as { msgId?: unknown } | undefined)?.msgId;
      if (typeof id === "string") onHandOver(id);
    },
    info: nothing,
    warn: () => {
      warnings += 1;
    },
    error: () => {
      errors += 1;
    },
  };
  return { logger, counts: () => ({ errors, warnings }) };
}

function nothing(): void {}
