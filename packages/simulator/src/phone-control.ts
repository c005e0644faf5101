import { BadRequest } from "./bad-request.ts";
import { isGroupJid } from "./group-jid.ts";
import { numberOf } from "./number.ts";
import { readChat } from "./phone-reading.ts";
import {
  type ChatView,
  type LogWish,
  type MessageView,
  type Page,
  type PageWish,
  type PhoneView,
  viewChats,
  viewLog,
  viewMessages,
  viewPhone,
  viewPhones,
} from "./phone-views.ts";
import type { Realm } from "./realm.ts";

/** Phones, as whoever holds them in hand sees them. Numbers may be written as people write them. */
export interface PhoneControl {
  phones(page: PageWish): Page<PhoneView>;
  phone(number: string): PhoneView;
  /** A phone that nobody has spoken of before; without a number, a free one. */
  addPhone(number?: string): PhoneView;
  chats(number: string, page: PageWish): Page<ChatView>;
  inbox(number: string, page: PageWish & { chat?: string | undefined }): Page<MessageView>;
  /** Opens a chat; returns the ids of what its authors are now told was read. */
  readChat(number: string, chat: string): string[];
  /** What happened, for people. */
  story(wish: LogWish): ReturnType<typeof viewLog>;
}

const firstFreshNumber = 15_550_100_000;

export function openPhoneControl(realm: Realm): PhoneControl {
  return {
    phones: (page) => viewPhones(realm, page),
    phone: (number) => viewPhone(realm, numberOf(number)),
    addPhone: (number) => addPhone(realm, number),
    chats: (number, page) => viewChats(realm, numberOf(number), page),
    inbox: (number, { chat, ...page }) =>
      viewMessages(realm, numberOf(number), {
        ...page,
        ...(chat !== undefined && { chat: chatNamed(chat) }),
      }),
    readChat: (number, chat) => readChat(realm, numberOf(number), chatNamed(chat)),
    story: (wish) => viewLog(realm, wish),
  };
}

const chatNamed = (chat: string): string => (isGroupJid(chat) ? chat : numberOf(chat));

function addPhone(realm: Realm, wanted: string | undefined): PhoneView {
  const known = new Set(realm.phones.known());
  const number =
    wanted === undefined ? freshNumber(realm, (free) => !known.has(free)) : numberOf(wanted);
  const linked = realm.directory.companionsOf(number).length > 0;
  if (known.has(number) || linked) throw new BadRequest("this phone is there already", 409);
  realm.phones.change(number, {});
  return viewPhone(realm, number);
}

/** The first number without linked devices that suits. */
export function freshNumber(realm: Realm, suits: (number: string) => boolean = () => true): string {
  for (let number = firstFreshNumber; ; number++) {
    const text = String(number);
    if (realm.directory.companionsOf(text).length === 0 && suits(text)) return text;
  }
}
