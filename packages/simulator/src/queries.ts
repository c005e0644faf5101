import { IqError, type IqCall } from "./iq-call.ts";
import { child, children, el, type BinaryNode } from "./node.ts";

/** Queries a client makes after login whose answers never change here. */
const switches = [
  // Attach privacy tokens to 1:1 messages; issue them to the contact's LID.
  ["10518", "true"],
  ["14303", "true"],
] as const;

export function properties(): BinaryNode[] {
  const props = switches.map(([code, value]) =>
    el("prop", { config_code: code, config_value: value }),
  );
  return [el("props", { protocol: 1, hash: "sim", refresh: 86_400 }, props)];
}

export const blocklist = (): BinaryNode[] => [el("list")];

export function noProfilePicture(): BinaryNode[] {
  throw new IqError(404, "item-not-found");
}

/** Answers that there is nothing to sync. */
export function appStateCollections({ operation }: IqCall): BinaryNode[] {
  const collections = children(operation, "collection").map(({ attrs }) =>
    el("collection", { name: attrs["name"], version: attrs["version"] ?? 0, type: "result" }),
  );
  return [el("sync", {}, collections)];
}

/** The only w:mex query known here: is the account kept from writing to strangers, and until when. */
export function reachoutTimelock({ realm, role, iq }: IqCall): BinaryNode[] {
  if (child(iq, "query") === undefined) throw new IqError(400, "bad-request");
  const until = realm.phones.settings(role.number).restricted_until;
  const timelock = {
    is_active: until > Date.now() / 1_000,
    time_enforcement_ends: String(until),
    enforcement_type: until > 0 ? "RESTRICT_ALL_COMPANIONS" : "DEFAULT",
  };
  const data = { data: { xwa2_fetch_account_reachout_timelock: timelock } };
  return [el("result", {}, Buffer.from(JSON.stringify(data)))];
}
