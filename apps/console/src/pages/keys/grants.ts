import type { Input } from "@pombo/sdk";
import { counted } from "../../ui/format.ts";

export type Scope = Input<"createApiKey">["scopes"][number];

/** What each scope is for, as a person would say it. */
const WORDS: Readonly<Record<Scope, string>> = {
  "messages:send": "Send messages and batches",
  "messages:read": "Read messages and batches",
  "devices:manage": "Pair, change and log out devices; webhooks and pools",
  "ops:read": "Look at the installation, dead letters, suppressions",
  "ops:write": "Act on dead letters, suppressions, personal data",
  "keys:manage": "Make and revoke keys",
};

export const SCOPES = Object.entries(WORDS) as readonly (readonly [Scope, string])[];

interface Key {
  readonly state: "active" | "expired" | "revoked";
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
}

const DAY_MS = 86_400_000;
const SOON_MS = 7 * DAY_MS;
const IDLE_MS = 90 * DAY_MS;

/** Who can do what, until when: as one sentence. `now`: ms since the epoch. */
export function keysVerdict(keys: readonly Key[], now: number): string {
  const active = keys.filter(({ state }) => state === "active");
  const soon = active.filter(
    ({ expires_at: end }) => end !== null && Date.parse(end) - now < SOON_MS,
  );
  const idle = active.filter(
    ({ last_used_at: used }) => used !== null && now - Date.parse(used) > IDLE_MS,
  );
  const never = active.filter(({ last_used_at: used }) => used === null);
  const more = [
    ...(soon.length === 0
      ? []
      : [`${counted(soon.length, "key")} ${verb(soon, "ends", "end")} within a week`]),
    ...(idle.length === 0
      ? []
      : [`${counted(idle.length, "key")} ${verb(idle, "was", "were")} not used for 90 days`]),
    ...(never.length === 0
      ? []
      : [`${counted(never.length, "key")} ${verb(never, "was", "were")} never used`]),
  ];
  const first = `${counted(active.length, "key")} ${verb(active, "is", "are")} active.`;
  return more.length === 0 ? first : `${first} ${more.join("; ")}.`;
}

function verb(of: readonly unknown[], one: string, many: string): string {
  return of.length === 1 ? one : many;
}

/** "everything", or what it may do. */
export function scopesText(scopes: readonly Scope[]): string {
  return scopes.length === SCOPES.length ? "everything" : scopes.join(", ");
}

/** "all devices", "1 device". */
export function reachText(devices: "*" | readonly string[]): string {
  return devices === "*" ? "all devices" : counted(devices.length, "device");
}

/** What is wrong with a new key, if anything. */
export function wrongKey(
  form: {
    readonly name: string;
    readonly scopes: readonly string[];
    readonly devices: "*" | readonly string[];
    readonly ends: string;
  },
  now: number,
): string | undefined {
  if (form.name.trim() === "") return "Give it a name: it is how you find it again.";
  if (Array.from(form.name).length > 100) return "The name has at most 100 characters.";
  if (form.scopes.length === 0) return "Choose at least one thing that it may do.";
  if (form.devices !== "*" && form.devices.length === 0) return "Choose at least one device.";
  if (form.ends !== "" && Date.parse(form.ends) <= now) return "It would end before it begins.";
  return undefined;
}
