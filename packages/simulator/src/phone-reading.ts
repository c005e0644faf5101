import { jidOf } from "./directory.ts";
import { isGroupJid } from "./group-jid.ts";
import { chatOf } from "./phone-views.ts";
import { postReceipt } from "./receipts.ts";
import type { Realm } from "./realm.ts";

/** Of one chat, at once. */
const mostRead = 200;

/** A person opens a chat: what was not read by hand before is, and its authors are told. Returns their ids. */
export function readChat(realm: Realm, number: string, chat: string): string[] {
  const unread = realm.phones
    .rows(number)
    .filter(
      ({ message }) =>
        chatOf(number, message) === chat &&
        message.from !== number &&
        message.read_at === undefined,
    )
    .slice(-mostRead);
  for (const { message } of unread) {
    const { id, from, to } = message;
    realm.phones.markRead(number, message);
    const group = isGroupJid(to) ? { group: to } : {};
    for (const companion of realm.directory.companionsOf(from))
      postReceipt(
        realm,
        { phone: number, space: "pn", sender: jidOf(companion), id, ...group },
        { type: "read" },
      );
  }
  return unread.map(({ message }) => message.id);
}
