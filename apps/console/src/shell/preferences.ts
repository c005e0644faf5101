import { useSyncExternalStore } from "react";

/** What a user has chosen for this browser. Kept in cookies: no secret, and nothing that a page could not do without. */
export type Preference = "theme" | "single_keys";

const YEAR_S = 31_536_000;
const listeners = new Set<() => void>();

export function preference(name: Preference): string | undefined {
  const start = `pombo_${name}=`;
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(start));
  return found?.slice(start.length);
}

/** Undefined: forget it. */
export function prefer(name: Preference, value: string | undefined): void {
  const lifetime = value === undefined ? 0 : YEAR_S;
  // oxlint-disable-next-line unicorn/no-document-cookie -- `cookieStore` is for secure contexts only
  document.cookie = `pombo_${name}=${value ?? ""}; Path=/console; Max-Age=${lifetime}; SameSite=Lax`;
  for (const listener of listeners) listener();
}

export function usePreference(name: Preference): string | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => preference(name),
  );
}
