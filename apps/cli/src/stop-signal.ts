/**
 * running ── first press ──► stopping ── third press ──► forced
 *
 * A press is SIGINT, SIGTERM, SIGHUP or the end of the parent. One Ctrl-C may arrive several times, from the terminal, from npm
 * and from the parent: what comes within half a second is one press.
 */
export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
}

const SAME_PRESS_MS = 500;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export function listenForStop(onForce: () => void): StopSignal {
  const stop = new AbortController();
  let presses = 0;
  const listening = listenForPresses(() => {
    presses += 1;
    if (presses === 1) stop.abort();
    if (presses === 3) onForce();
  });
  return { signal: stop.signal, [Symbol.dispose]: () => listening[Symbol.dispose]() };
}

/** Calls for each press, until disposed. */
export function listenForPresses(onPress: () => void): Disposable {
  let last = -Infinity;
  const press = (): void => {
    const now = performance.now();
    if (now - last < SAME_PRESS_MS) return;
    last = now;
    onPress();
  };
  for (const name of SIGNALS) process.on(name, press);
  if (process.connected) process.on("disconnect", press);
  return {
    [Symbol.dispose]() {
      for (const name of SIGNALS) process.off(name, press);
      process.off("disconnect", press);
    },
  };
}
