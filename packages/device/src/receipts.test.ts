import type { BinaryNode } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { readInbound, readReceipt } from "./receipts.ts";

const own = { pn: "15550100001:1@s.whatsapp.net", lid: "777:1@lid" };
const NOW = 1_800_000_000_500;

function receipt(attrs: Record<string, string>, content?: BinaryNode[]): BinaryNode {
  return {
    tag: "receipt",
    attrs: { id: "A", from: "15550100002:3@s.whatsapp.net", ...attrs },
    ...(content && { content }),
  };
}

test.each([
  [{}, "delivered"],
  [{ type: "read" }, "read"],
  [{ type: "played" }, "played"],
  [
    { type: "sender", from: "15550100001@s.whatsapp.net", recipient: "15550100002@s.whatsapp.net" },
    "sent",
  ],
  [{ type: "sender", from: "777@lid", recipient: "888@lid" }, "sent"],
])("a receipt %j proves %s", (attrs, proves) => {
  expect(readReceipt(receipt(attrs), own, NOW)).toMatchObject({ ids: ["A"], proves, at: NOW });
});

test.each(["inactive", "retry", "server-error", "read-self", "peer_msg", "hist_sync"])(
  "a receipt of type %s proves nothing about our messages",
  (type) => {
    expect(readReceipt(receipt({ type }), own, NOW)).toBeUndefined();
  },
);

test("another device of ours that read somebody's message proves nothing", () => {
  const node = receipt({
    type: "read",
    from: "15550100001@s.whatsapp.net",
    recipient: "15550100002@s.whatsapp.net",
  });
  expect(readReceipt(node, own, NOW)).toBeUndefined();
});

function item(id: string): BinaryNode {
  return { tag: "item", attrs: { id } };
}

test("a list receipt is for all its ids", () => {
  const list = [{ tag: "list", attrs: {}, content: [item("B"), item("C")] }];
  expect(readReceipt(receipt({ type: "read" }, list), own, NOW)?.ids).toEqual(["A", "B", "C"]);
});

test("in a group the participant proves", () => {
  const node = receipt({ from: "120363039000000000@g.us", participant: "888:2@lid" });
  expect(readReceipt(node, own, NOW)?.by).toBe("888:2@lid");
});

test("what waited for us happened at the server's time, never in the future", () => {
  const at = (t: string) => readReceipt(receipt({ t, offline: "1" }), own, NOW)?.at;
  expect(at("1700000000")).toBe(1_700_000_000_000);
  expect(at("1900000000")).toBe(NOW);
  expect(readReceipt(receipt({ t: "1700000000" }), own, NOW)?.at).toBe(NOW);
});

function message(attrs: Record<string, string>): BinaryNode {
  return {
    tag: "message",
    attrs: { id: "M", from: "15550100002:3@s.whatsapp.net", type: "text", ...attrs },
  };
}

test("an inbound message names its writer by digits and LID", () => {
  expect(readInbound(message({ sender_lid: "888:3@lid" }), own, NOW)).toEqual({
    from: "15550100002",
    lid: "888@lid",
    id: "M",
    at: NOW,
  });
  expect(
    readInbound(message({ from: "888:3@lid", sender_pn: "15550100002@s.whatsapp.net" }), own, NOW),
  ).toEqual({
    from: "15550100002",
    lid: "888@lid",
    id: "M",
    at: NOW,
  });
});

test("a writer whose number is hidden is named by the LID", () => {
  expect(readInbound(message({ from: "888@lid" }), own, NOW)).toMatchObject({
    from: "888@lid",
    lid: "888@lid",
  });
});

test.each([
  "120363039000000000@g.us",
  "status@broadcast",
  "15550100001@s.whatsapp.net",
  "777@lid",
  "s.whatsapp.net",
])("%s is nobody who wrote to us", (from) => {
  expect(readInbound(message({ from }), own, NOW)).toBeUndefined();
});
