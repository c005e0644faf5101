/** A group's JID: digits, and the server of groups. */
const groupJid = /^\d{5,20}(?:-\d{5,20})?@g\.us$/;

export const isGroupJid = (text: string | undefined): text is string => groupJid.test(text ?? "");
