import { createHmac, timingSafeEqual } from "node:crypto";
import type { IqCall } from "./iq-call.ts";
import { lidJid, parseJid, pnJid } from "./jid.ts";
import { children, el, type BinaryNode } from "./node.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/**
 * Privacy tokens: when an account trusts a contact, the contact's devices get a token and put it in their messages to
 * the account. A restricted account gets through only to those whose token it holds.
 */
const categories = [
  "readreceipts",
  "profile",
  "status",
  "online",
  "last",
  "groupadd",
  "calladd",
  "messages",
];

export function privacySettings(): BinaryNode[] {
  return [
    el(
      "privacy",
      {},
      categories.map((name) => el("category", { name, value: "all" })),
    ),
  ];
}

export function takePrivacyTokens({ realm, role, operation }: IqCall): BinaryNode[] {
  for (const token of children(operation, "token")) {
    const contact = parseJid(token.attrs["jid"]);
    if (contact !== undefined) issueToken(realm, { issuer: role.number, holder: contact.number });
  }
  return [];
}

export interface TokenParties {
  readonly issuer: string;
  readonly holder: string;
}

/** Gives the holder's companions a token for messages to the issuer. */
export function issueToken(realm: Realm, parties: TokenParties): void {
  const { issuer, holder } = parties;
  const t = nowSeconds();
  for (const companion of realm.directory.companionsOf(holder)) {
    const jid = pnJid(holder, companion.device);
    const token = el(
      "token",
      { jid: pnJid(holder), t, type: "trusted_contact" },
      tokenOf(realm, parties),
    );
    const attrs = {
      from: pnJid(issuer),
      type: "privacy_token",
      id: `token-${issuer}-${t}`,
      t,
      sender_lid: lidJid(issuer),
    };
    realm.outboxes.post(jid, el("notification", attrs, [el("tokens", {}, [token])]));
    realm.log.append("notification", { device: jid, type: "privacy_token", from: pnJid(issuer) });
  }
}

export function isTokenOf(realm: Realm, parties: TokenParties, token: Buffer | undefined): boolean {
  const right = tokenOf(realm, parties);
  return token?.length === right.length && timingSafeEqual(token, right);
}

/** Made from the server's secret, so none has to be kept. */
function tokenOf(realm: Realm, { issuer, holder }: TokenParties): Buffer {
  const secret = Buffer.from(realm.trust.static.private);
  return createHmac("sha256", secret).update(`token ${issuer} ${holder}`).digest().subarray(0, 16);
}
