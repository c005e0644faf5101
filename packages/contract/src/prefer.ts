/** What a `Prefer` header (RFC 7240) asks for, as far as we know it. */
export interface Preference {
  readonly respondAsync: boolean;
  /** Seconds, already bounded. */
  readonly waitS?: number;
}

/** Reads `respond-async` and `wait=N`; a longer wait than allowed is shortened, unknown or malformed preferences are ignored, as the RFC demands. */
export function parsePrefer(header: string | undefined, limitS: number): Preference {
  let respondAsync = false;
  let waitS: number | undefined;
  for (const part of (header ?? "").split(",")) {
    const preference = (part.split(";")[0] ?? "").trim().toLowerCase();
    if (preference === "respond-async") respondAsync = true;
    const seconds = /^wait\s*=\s*"?([0-9]{1,9})"?$/.exec(preference)?.[1];
    if (seconds !== undefined) waitS ??= Math.min(Number(seconds), limitS);
  }
  return waitS === undefined ? { respondAsync } : { respondAsync, waitS };
}
