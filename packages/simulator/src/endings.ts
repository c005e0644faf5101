import type { Connection } from "./connection.ts";
import { announceDevice } from "./device-list.ts";
import { el, type BinaryNode } from "./node.ts";
import { jidOf } from "./directory.ts";
import type { Realm } from "./realm.ts";

/** How the server ends a session, and what it says when it does. */
export type Ending =
  | { readonly kind: "close" }
  | { readonly kind: "replaced" }
  | { readonly kind: "unlink" }
  | { readonly kind: "stream_error"; readonly code: number };

const endingKinds = new Set<string>([
  "close",
  "replaced",
  "unlink",
  "stream_error",
] satisfies Ending["kind"][]);

export const isEnding = (action: { readonly kind: string }): action is Ending =>
  endingKinds.has(action.kind);

/** A replaced conflict carries no code: the client would take it for another reason. */
const replaced = (): BinaryNode => el("stream:error", {}, [el("conflict", { type: "replaced" })]);
const deviceRemoved = (): BinaryNode =>
  el("stream:error", { code: 401 }, [el("conflict", { type: "device_removed" })]);
export const streamError = (code: number): BinaryNode => el("stream:error", { code });

export function endConnection(realm: Realm, connection: Connection, ending: Ending): void {
  switch (ending.kind) {
    case "close":
      return connection.cut("cut by the server");
    case "replaced":
      return connection.end("replaced", replaced());
    case "stream_error":
      return connection.end(`stream error ${ending.code}`, streamError(ending.code));
    case "unlink":
      if (connection.role.kind === "device") unlink(realm, connection.role);
      return connection.end("unlinked", deviceRemoved());
  }
}

/** Forgets a companion: its socket is told, and a later login fails with 401. */
export function unlink(
  realm: Realm,
  { number, device }: { number: string; device: number },
): boolean {
  const companion = realm.directory.companion(number, device);
  if (companion === undefined) return false;
  const jid = jidOf(companion);
  realm.directory.remove(companion);
  realm.outboxes.discard(jid);
  realm.signal.forget(jid);
  realm.groupSignal.forget(jid);
  realm.log.append("unlinked", { device: jid });
  announceDevice(realm, "remove", companion);
  realm.connections.of(jid)?.end("unlinked", deviceRemoved());
  return true;
}
