import { once } from "node:events";
import { createServer, type Server } from "node:net";

import { expect, test } from "vitest";

import { choosePort, nextFreePort } from "./port.ts";

async function listening(): Promise<{ port: number; server: Server } & AsyncDisposable> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  const close = async (): Promise<void> => {
    if (server.listening) await once(server.close(), "close");
  };
  return { port, server, [Symbol.asyncDispose]: close };
}

test("a taken port is passed over when none was wished for", async () => {
  await using taken = await listening();
  expect(await nextFreePort(taken.port, "127.0.0.1")).toBeGreaterThan(taken.port);
});

test("a wished port is taken, waited for while it is being left, and else refused", async () => {
  const leaving = await listening();
  const chosen = choosePort(leaving.port, "127.0.0.1");
  await leaving[Symbol.asyncDispose]();
  expect(await chosen).toBe(leaving.port);
  await using taken = await listening();
  await expect(choosePort(taken.port, "127.0.0.1", 150)).rejects.toThrow(
    `Port ${taken.port} is taken by another program: choose one with --port.`,
  );
});

test("port 0 is any free one", async () => {
  expect(await choosePort(0, "127.0.0.1")).toBeGreaterThan(0);
});
