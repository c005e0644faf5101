import { BadRequest } from "./bad-request.ts";
import type { Connection } from "./connection.ts";
import { SERVER_JID } from "./jid.ts";
import { el } from "./node.ts";
import { nowSeconds, type Realm } from "./realm.ts";

/** What a client hears when its code was taken and the account asks for a passkey: this, and nothing else. Always throws. */
export function askForPasskey(realm: Realm, connection: Connection): never {
  const type = "passkey_prologue_request";
  const attrs = { from: SERVER_JID, type, id: `passkey-${connection.id}`, t: nowSeconds() };
  connection.send(el("notification", attrs, [el(type)]));
  realm.log.append("notification", { type });
  throw new BadRequest("this account asks for a passkey, so nothing was linked", 409);
}
