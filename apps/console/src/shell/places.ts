import {
  Activity,
  Ban,
  Boxes,
  FlaskConical,
  Inbox,
  KeyRound,
  Layers,
  ListTree,
  type LucideIcon,
  MessageSquare,
  Smartphone,
  Webhook,
} from "lucide-react";

export interface Place {
  readonly to: string;
  readonly word: string;
  readonly icon: LucideIcon;
  /** After `g`. */
  readonly key?: string;
  /** Has a place of its own at the bottom of a phone. */
  readonly first?: boolean;
  /** A page that is none of ours. */
  readonly outside?: boolean;
  /** The scope without which nothing of it is shown, not even by the page itself. */
  readonly needs?: string;
  readonly sandboxOnly?: boolean;
}

export const PLACES = [
  { to: "/", word: "Overview", icon: Activity, key: "o", first: true },
  { to: "/devices", word: "Devices", icon: Smartphone, key: "d", first: true },
  { to: "/pools", word: "Pools", icon: Boxes },
  { to: "/messages", word: "Messages", icon: MessageSquare, key: "m", first: true },
  { to: "/batches", word: "Batches", icon: Layers, key: "b" },
  { to: "/dead-letters", word: "Dead letters", icon: Inbox, key: "l", first: true },
  { to: "/webhooks", word: "Webhooks", icon: Webhook },
  { to: "/keys", word: "API keys", icon: KeyRound },
  { to: "/suppressions", word: "Suppressions", icon: Ban },
  { to: "/sandbox", word: "Sandbox", icon: FlaskConical, sandboxOnly: true },
  { to: "/queues", word: "Queues", icon: ListTree, outside: true, needs: "ops:read" },
] as const satisfies readonly Place[];

export function placesOf(mode: "sandbox" | "live"): readonly Place[] {
  return PLACES.filter((place: Place) => mode === "sandbox" || place.sandboxOnly !== true);
}
