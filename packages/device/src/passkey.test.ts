import type { BinaryNode } from "@whiskeysockets/baileys";
import { expect, test } from "vitest";
import { asksForPasskey } from "./passkey.ts";

function notification(type: string, content: BinaryNode[] = []): BinaryNode {
  return { tag: "notification", attrs: { type }, content };
}

function codeAnswer(stage: string, names: readonly string[]): BinaryNode {
  const content = names.map((tag) => ({ tag, attrs: {}, content: Buffer.alloc(1) }));
  return notification("link_code_companion_reg", [
    { tag: "link_code_companion_reg", attrs: { stage }, content },
  ]);
}

const WHOLE = [
  "link_code_pairing_ref",
  "primary_identity_pub",
  "link_code_pairing_wrapped_primary_ephemeral_pub",
];

test.each([
  notification("passkey_prologue_request"),
  notification("crsc", [{ tag: "crsc_continuation", attrs: {} }]),
  codeAnswer("primary_hello", WHOLE.slice(1)),
  codeAnswer("primary_hello", []),
])("%j asks for a passkey", (node) => {
  expect(asksForPasskey(node)).toBe(true);
});

test.each([
  codeAnswer("primary_hello", WHOLE),
  codeAnswer("refresh_code", ["link_code_pairing_ref"]),
  notification("encrypt", [{ tag: "count", attrs: { value: "3" } }]),
  notification("account_sync"),
])("%j does not", (node) => {
  expect(asksForPasskey(node)).toBe(false);
});
