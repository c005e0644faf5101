import { isJidGroup, jidDecode, type WASocket } from "@whiskeysockets/baileys";
import type { Credentials } from "./credentials.ts";
import type { DeviceCaches } from "./baileys-options.ts";

/** Where what is known about recipients is kept. */
export interface Known {
  readonly credentials: Credentials;
  readonly caches: DeviceCaches;
  readonly wa: WASocket | undefined;
}

/**
 * Forgets the device list of a recipient, under its number and its LID, so that the next send asks for it again. Whatever WhatsApp
 * says in its acks, one recipient's list is dropped once in a while only: each time costs the next send two queries.
 */
export async function forgetDeviceList(
  jid: string,
  { credentials, caches }: Pick<Known, "credentials" | "caches">,
): Promise<void> {
  const user = jidDecode(jid)?.user;
  if (user === undefined || (await caches.staleLists.get(user)) !== undefined) return;
  await caches.staleLists.set(user, true);
  for (const name of await namesOf(user, credentials)) void caches.userDevices.del(name);
}

/** A user's own name and those under which it is known as well: its number, its LID. */
async function namesOf(user: string, credentials: Credentials): Promise<string[]> {
  const { keys } = credentials.keysForSocket();
  const mapped = await keys.get("lid-mapping", [user, `${user}_reverse`]);
  return [user, ...Object.values(mapped)];
}

/**
 * Forgets the device list and the sessions of a recipient, under its number and its LID, so that the next send asks WhatsApp for
 * both again. While a socket lives this takes the lock of its sends, so that no session is dropped in the middle of one.
 */
export async function forgetRecipient(
  jid: string,
  { credentials, caches, wa }: Known,
): Promise<void> {
  void caches.groups.del(jid);
  const user = jidDecode(jid)?.user;
  if (user === undefined || isJidGroup(jid)) return;
  const forget = async (): Promise<void> => {
    const { keys, retire } = credentials.keysForSocket();
    const users = await namesOf(user, credentials);
    const lists = await keys.get("device-list", users);
    const devices = new Set(["0", ...Object.values(lists).flat()]);
    // Session names are Signal addresses: `<user>.<device>`, LIDs with the domain number 1.
    const names = users.flatMap((name) =>
      [...devices].flatMap((device) => [`${name}.${device}`, `${name}_1.${device}`]),
    );
    const known = Object.keys(await keys.get("session", names));
    for (const name of users) void caches.userDevices.del(name);
    await credentials.remove("session", known);
    retire();
  };
  const meId = wa?.user?.id;
  if (wa === undefined || meId === undefined) await forget();
  else await wa.authState.keys.transaction(forget, meId);
}
