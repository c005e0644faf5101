import { getCallSites } from "node:util";

/**
 * libsignal prints whole sessions, private ratchet keys included, with `console.info` whenever one is replaced, which routine
 * sends do. This module drops every console call made by libsignal; all other callers print as before.
 * Import it before Baileys. It acts on the console of the process and does so once.
 */
const SILENCED = ["debug", "error", "info", "log", "trace", "warn"] as const;
const FROM_LIBSIGNAL = /node_modules[\\/]libsignal[\\/]/;
const QUIET = Symbol.for("pombo.quiet-libsignal");

const output = console as Console & { [QUIET]?: true };
if (output[QUIET] === undefined) {
  output[QUIET] = true;
  for (const method of SILENCED) {
    const print = output[method].bind(output) as (...args: unknown[]) => void;
    output[method] = (...args: unknown[]) => {
      if (!calledByLibsignal()) print(...args);
    };
  }
}

function calledByLibsignal(): boolean {
  return getCallSites(4).some((site) => FROM_LIBSIGNAL.test(site.scriptName));
}
