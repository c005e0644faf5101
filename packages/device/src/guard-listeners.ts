import type { EventEmitter } from "node:events";

/**
 * Baileys hangs asynchronous listeners on its raw socket and catches nothing there: a frame that can't be decrypted, or an answer
 * to a socket that has just closed, would end the whole process as an unhandled rejection. Wraps those listeners so that
 * their failure ends this connection only.
 */
export function guardListeners(ws: EventEmitter, onFailure: (error: unknown) => void): void {
  for (const name of ws.eventNames()) {
    if (
      typeof name === "string" &&
      (name === "message" || name === "open" || name.startsWith("CB:"))
    )
      guard(ws, name, onFailure);
  }
}

type Listener = (...args: unknown[]) => unknown;

function guard(ws: EventEmitter, name: string, onFailure: (error: unknown) => void): void {
  for (const listener of ws.rawListeners(name) as Listener[]) {
    ws.off(name, listener);
    ws.on(name, (...args: unknown[]) => {
      try {
        const running = listener(...args);
        if (running instanceof Promise) running.catch(onFailure);
      } catch (error) {
        onFailure(error);
      }
    });
  }
}
