/** What a session needs for a page to show anything. */
export interface Guard {
  readonly path: RegExp;
  /** The heading of the page. */
  readonly word: string;
  readonly scopes: readonly string[];
  /** A key for certain devices sees nothing of it. */
  readonly allDevices?: boolean;
}

/** Pages that are not here say by themselves what a key lacks for their parts. */
const GUARDS: readonly Guard[] = [
  { path: /^\/devices(?:\/|$)/, word: "Devices", scopes: ["devices:manage"] },
  { path: /^\/messages(?:\/|$)/, word: "Messages", scopes: ["messages:read"] },
  { path: /^\/batches(?:\/(?!new$)|$)/, word: "Batches", scopes: ["messages:read"] },
  { path: /^\/dead-letters$/, word: "Dead letters", scopes: ["ops:read"] },
  { path: /^\/operations\//, word: "Operation", scopes: ["ops:read"] },
  {
    path: /^\/sandbox$/,
    word: "Sandbox",
    scopes: ["ops:read", "messages:read", "devices:manage"],
    allDevices: true,
  },
];

/** `path`: below `/console`. */
export function guardOf(path: string): Guard | undefined {
  return GUARDS.find((guard) => guard.path.test(path));
}
