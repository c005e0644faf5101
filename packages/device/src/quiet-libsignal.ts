import { getCallSites } from "node:util";

const METHODS = ["debug", "error", "info", "log", "trace", "warn"] as const;
const LIBSIGNAL = /node_modules[\\/]libsignal[\\/]/;
/** Frames to look at: this module's two, and the caller. */
const FRAMES = 4;

let quiet = false;

/**
 * libsignal prints whole sessions, private ratchet keys included, with `console.info` whenever one is replaced, which routine
 * sends do. From here on every console call made by libsignal is dropped; all other callers print as before.
 */
export function quietLibsignal(): void {
  if (quiet) return;
  quiet = true;
  for (const method of METHODS) {
    const print = console[method].bind(console) as (...args: unknown[]) => void;
    console[method] = (...args: unknown[]) => {
      if (!calledByLibsignal()) print(...args);
    };
  }
}

function calledByLibsignal(): boolean {
  return getCallSites(FRAMES).some((site) => LIBSIGNAL.test(site.scriptName));
}
