import { type BinaryNode, getBinaryNodeChild } from "@whiskeysockets/baileys";

/** What the answer to a pairing code must hold; Baileys throws "Invalid buffer" without it. */
const CODE_ANSWER = [
  "link_code_pairing_ref",
  "primary_identity_pub",
  "link_code_pairing_wrapped_primary_ephemeral_pub",
] as const;

const PASSKEY_STEPS = ["passkey_prologue_request", "crsc_continuation"] as const;

/**
 * Does this notification say that the account must answer a passkey to link a device? The pinned release can't do that. WhatsApp says
 * so in a notification of its own, or leaves the keys out of the answer to a pairing code.
 */
export function asksForPasskey(node: BinaryNode): boolean {
  if (PASSKEY_STEPS.some((step) => node.attrs["type"] === step)) return true;
  if (PASSKEY_STEPS.some((step) => getBinaryNodeChild(node, step) !== undefined)) return true;
  const answer = getBinaryNodeChild(node, "link_code_companion_reg");
  if (answer?.attrs["stage"] !== "primary_hello") return false;
  return CODE_ANSWER.some((name) => getBinaryNodeChild(answer, name) === undefined);
}
