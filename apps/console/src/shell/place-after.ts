/** Where a sign-in leads: an address of ours only, below `/console`. A link to the sign-in must not lead elsewhere. */
export function placeAfter(next: string | undefined): string {
  if (next === undefined || !/^\/(?![/\\])/.test(next) || next.includes("\\")) return "/";
  const inside = next.replace(/^\/console(?=[/?#]|$)/, "");
  if (inside.startsWith("/sign-in") || inside.startsWith("//")) return "/";
  return inside.startsWith("/") ? inside : `/${inside}`;
}
