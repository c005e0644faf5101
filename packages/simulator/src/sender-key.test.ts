import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { makeSenderKeyWriter, openSenderKeyReader, readDistribution } from "./sender-key.ts";

function setup() {
  const writer = makeSenderKeyWriter();
  const reader = openSenderKeyReader(readDistribution(writer.distribution()));
  return { writer, reader };
}

test("messages are read once, in any order, and what came before the key was handed over is not", () => {
  const { writer, reader } = setup();
  const texts = ["a", "b", "c"].map((text) => Buffer.from(text));
  const sealed = texts.map((text) => writer.encrypt(text));
  const late = openSenderKeyReader(readDistribution(writer.distribution()));
  for (const at of [2, 0, 1]) {
    const message = sealed[at] ?? Buffer.alloc(0);
    expect(reader.decrypt(message)).toEqual(texts[at]);
    expect(() => reader.decrypt(message)).toThrow("key used already");
    expect(() => late.decrypt(message)).toThrow("key used already");
  }
});

test("a reader restored from its chain goes on where it was", () => {
  const { writer, reader } = setup();
  reader.decrypt(writer.encrypt(Buffer.from("before")));
  const restored = openSenderKeyReader(reader.chain());
  expect(restored.decrypt(writer.encrypt(Buffer.from("after"))).toString()).toBe("after");
});

test("a changed byte anywhere is refused", () => {
  const { writer, reader } = setup();
  const message = writer.encrypt(randomBytes(40));
  for (const at of [1, 20, message.length - 70, message.length - 1]) {
    const forged = Buffer.from(message);
    forged[at] = (forged[at] ?? 0) ^ 0xff;
    expect(() => reader.decrypt(forged)).toThrow();
  }
  expect(() => reader.decrypt(Buffer.alloc(3))).toThrow("no sender key message");
  expect(reader.decrypt(message)).toHaveLength(40);
});

test("a message of another chain is not read", () => {
  const { reader } = setup();
  expect(() => reader.decrypt(makeSenderKeyWriter().encrypt(Buffer.from("x")))).toThrow(
    "not of this chain",
  );
});
