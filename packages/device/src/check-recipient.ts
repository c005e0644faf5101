import type { Failure } from "@pombo/domain";
import { jidNormalizedUser, USyncQuery, USyncUser, type WASocket } from "@whiskeysockets/baileys";
import { classifyRejection } from "./classify.ts";

export type RecipientCheck =
  /** `lid` in full (`…@lid`). */
  | { readonly kind: "exists"; readonly jid: string; readonly lid?: string }
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly failure: Failure };

/**
 * Asks WhatsApp whether a number is registered, and for its LID with the same question. A number that isn't registered is listed
 * as not being a contact; a question that timed out has no answer at all.
 */
export async function checkRecipient(wa: WASocket, digits: string): Promise<RecipientCheck> {
  const query = new USyncQuery()
    .withContactProtocol()
    .withLIDProtocol()
    .withUser(new USyncUser().withPhone(`+${digits}`));
  try {
    const answer = await wa.executeUSyncQuery(query);
    if (answer === undefined) return { kind: "failed", failure: NO_ANSWER };
    const found = answer.list.find((user) => user["contact"] === true);
    if (found === undefined) return { kind: "absent" };
    const lid = typeof found["lid"] === "string" ? jidNormalizedUser(found["lid"]) : undefined;
    if (lid !== undefined)
      await wa.signalRepository.lidMapping.storeLIDPNMappings([{ lid, pn: found.id }]);
    return { kind: "exists", jid: found.id, ...(lid === undefined ? {} : { lid }) };
  } catch (error) {
    return { kind: "failed", failure: classifyRejection(error) };
  }
}

const NO_ANSWER: Failure = { code: "CLIENT_ERROR", detail: "WhatsApp did not answer in time" };
