/** Which phone is in hand and which of its chats is open, as the fragment of the address holds it: `#5511900000002/5511900000001`. */
export interface Place {
  readonly phone?: string;
  readonly chat?: string;
}

const NAME = /^(?:[0-9]{5,15}|[0-9-]{1,40}@g\.us)$/;

export function readPlace(hash: string): Place {
  const [phone = "", chat = ""] = decodeURIComponent(hash.replace(/^#/, "")).split("/");
  if (!/^[0-9]{5,15}$/.test(phone)) return {};
  return NAME.test(chat) ? { phone, chat } : { phone };
}

export function writePlace({ phone, chat }: Place): string {
  if (phone === undefined) return "";
  return chat === undefined ? phone : `${phone}/${chat}`;
}
