/** `•••• 0002`: the last four digits of a number, a JID or a group's id. */
export function maskNumber(value: string): string {
  const [user = "", server = ""] = value.split("@");
  const digits = user.replaceAll(/[^0-9]/g, "");
  return `${server === "g.us" ? "group " : ""}•••• ${digits.slice(-4)}`;
}
