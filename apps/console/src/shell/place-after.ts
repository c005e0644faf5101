import { type Place, PLACES } from "./places.ts";

/** Where a sign-in leads: an address of ours only, below `/console`. A link to the sign-in must not lead elsewhere. */
export function placeAfter(next: string | undefined): string {
  if (next === undefined || !/^\/(?![/\\])/.test(next) || next.includes("\\")) return "/";
  const inside = next.replace(/^\/console(?=[/?#]|$)/, "");
  if (inside.startsWith("/sign-in") || inside.startsWith("//")) return "/";
  return inside.startsWith("/") ? inside : `/${inside}`;
}

/** A place below `/console` that is none of our pages. */
export function isOutside(place: string): boolean {
  const [path = ""] = place.split(/[?#]/);
  const outside = PLACES.filter((one: Place) => one.outside === true);
  return outside.some(({ to }) => path === to || path.startsWith(`${to}/`));
}
