import { createRequire } from "node:module";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

const LIBSIGNAL = "libsignal";
/** libsignal is Baileys' dependency, not ours: it is found from there. */
const require = createRequire(createRequire(import.meta.url).resolve("@whiskeysockets/baileys"));
const { SessionRecord } = require(LIBSIGNAL) as {
  SessionRecord: new () => {
    closeSession(session: object): void;
    openSession(session: object): void;
  };
};

const printed = vi.fn();
const output: Console = globalThis.console;
const original = { ...output };

beforeAll(async () => {
  output.info = printed;
  output.warn = printed;
  const { quietLibsignal } = await import("./quiet-libsignal.ts");
  quietLibsignal();
});

afterAll(() => {
  Object.assign(output, original);
});

test("a session that libsignal closes or opens is not printed, everybody else still prints", () => {
  const session = { indexInfo: { closed: -1 }, currentRatchet: { rootKey: "secret" } };
  const record = new SessionRecord();
  record.closeSession(session);
  record.closeSession(session);
  record.openSession(session);
  expect(printed).not.toHaveBeenCalled();
  output.info("ours");
  expect(printed).toHaveBeenCalledExactlyOnceWith("ours");
});
