import { listenForPresses } from "../stop-signal.ts";

/**
 * What Ctrl-C means. It ends the command, unless somebody takes it:
 *
 *   nobody has taken it ── first press ──► signal aborts ── third press ──► forced
 *   somebody has        ── each press ───► told, and nothing else
 */
export interface Interrupts extends Disposable {
  readonly signal: AbortSignal;
  /** From now on presses come here, until disposed. */
  take(onPress: () => void): Disposable;
}

export function openInterrupts(onForce: () => void): Interrupts {
  const stop = new AbortController();
  let presses = 0;
  let taker: (() => void) | undefined;
  const listening = listenForPresses(() => {
    if (taker !== undefined) return taker();
    presses += 1;
    if (presses === 1) stop.abort(new Error("interrupted"));
    if (presses === 3) onForce();
  });
  return {
    signal: stop.signal,
    take(onPress) {
      const before = taker;
      taker = onPress;
      return { [Symbol.dispose]: () => void (taker = before) };
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
