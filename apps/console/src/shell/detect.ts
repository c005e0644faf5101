/** Where a search may lead. */
export interface Target {
  readonly says: string;
  /** Below `/console`. */
  readonly href: string;
}

interface Known {
  readonly says: string;
  readonly pattern: RegExp;
  readonly href: (text: string) => string;
}

/** What only one thing can look like. */
const KNOWN: readonly Known[] = [
  {
    says: "Message",
    pattern: /^3EB0[0-9A-F]{18}$/i,
    href: (id) => `/messages/${id.toUpperCase()}`,
  },
  {
    says: "Device",
    pattern: /^dev_[0-9a-z]{8,32}$/i,
    href: (id) => `/devices/${id.toLowerCase()}`,
  },
  {
    says: "Pool",
    pattern: /^pool_[0-9a-z]{8,32}$/i,
    href: (id) => `/pools?pool=${id.toLowerCase()}`,
  },
  {
    says: "Batch",
    pattern: /^bat_[0-9A-F]{11}$/i,
    href: (id) => `/batches/bat_${id.slice(4).toUpperCase()}`,
  },
  {
    says: "Webhook",
    pattern: /^wh_[0-9a-z]{8,32}$/i,
    href: (id) => `/webhooks?webhook=${id.toLowerCase()}`,
  },
  {
    says: "Operation",
    pattern: /^op_[0-9a-z]{8,40}$/i,
    href: (id) => `/operations/${id.toLowerCase()}`,
  },
  {
    says: "Messages to this chat",
    pattern: /^[0-9-]{5,40}@(?:s\.whatsapp\.net|lid|g\.us)$/,
    href: (jid) => `/messages#to=${jid}`,
  },
];
const NUMBER = /^\+?[0-9 ()-]{6,24}$/;

/** What a text may be: an id, a number, a reference, a device's name; the likeliest first. A number is put where no server logs it. */
export function detect(text: string): readonly Target[] {
  const given = text.trim();
  if (given === "") return [];
  const known = KNOWN.find(({ pattern }) => pattern.test(given));
  if (known !== undefined) return [{ says: known.says, href: known.href(given) }];
  const wanted = encodeURIComponent(given);
  const others = [
    { says: "Messages with this client_ref", href: `/messages?client_ref=${wanted}` },
    { says: "Devices with this name", href: `/devices?q=${wanted}` },
  ];
  const digits = given.replaceAll(/[^0-9]/g, "");
  if (!NUMBER.test(given) || digits.length < 6 || digits.length > 15) return others;
  return [{ says: "Messages to this number", href: `/messages#to=${digits}` }, ...others];
}
