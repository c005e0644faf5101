import { createHmac, timingSafeEqual } from "node:crypto";
import { IqError, type IqCall } from "./iq-call.ts";
import { el, type BinaryNode } from "./node.ts";
import type { Realm } from "./realm.ts";

/** Where clients upload media, and the token that says who uploads. */
const secondsValid = 300;

export function mediaConnection({ realm, role }: IqCall): BinaryNode[] {
  const hostname = realm.mediaHost.current;
  if (hostname === undefined) throw new IqError(503, "service-unavailable");
  const host = el("host", {
    hostname,
    type: "primary",
    maxContentLengthBytes: realm.limits.mediaBytes,
  });
  const attrs = {
    auth: authOf(realm, role.jid),
    ttl: secondsValid,
    auth_ttl: secondsValid * 72,
    max_buckets: 12,
  };
  return [el("media_conn", attrs, [host])];
}

function authOf(realm: Realm, jid: string): string {
  const name = Buffer.from(jid).toString("base64url");
  return `${name}.${signatureOf(realm, name).toString("base64url")}`;
}

/** JID of the companion the token was given to; undefined when it is none of ours. */
export function holderOf(realm: Realm, auth: string): string | undefined {
  const [name = "", signature = ""] = auth.split(".");
  const given = Buffer.from(signature, "base64url");
  const right = signatureOf(realm, name);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  return Buffer.from(name, "base64url").toString("utf8");
}

function signatureOf(realm: Realm, name: string): Buffer {
  const secret = Buffer.from(realm.trust.static.private);
  return createHmac("sha256", secret).update(`media ${name}`).digest();
}
