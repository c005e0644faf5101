import { EventEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { guardListeners } from "./guard-listeners.ts";

test("a listener that fails, at once or later, is told to us and harms nobody else", async () => {
  const ws = new EventEmitter();
  const failed: unknown[] = [];
  const heard = vi.fn();
  const later = Promise.withResolvers<void>();
  const failLater = async (): Promise<never> => {
    await later.promise;
    throw new Error("later");
  };
  // As Baileys does it: nobody takes the promise.
  ws.on("CB:a", failLater as () => void);
  ws.on("CB:a", () => {
    throw new Error("at once");
  });
  ws.on("CB:a", heard);
  guardListeners(ws, (error) => failed.push(error));
  ws.emit("CB:a", 1, 2);
  expect(heard).toHaveBeenCalledExactlyOnceWith(1, 2);
  later.resolve();
  await vi.waitFor(() => expect(failed.map(String)).toEqual(["Error: at once", "Error: later"]));
});

test("other events keep their listeners as they are", () => {
  const ws = new EventEmitter();
  ws.on("close", nothing);
  guardListeners(ws, nothing);
  expect(ws.listeners("close")).toEqual([nothing]);
});

function nothing(): void {}
