import type { Device } from "./device.ts";

/** The way of a pairing, in order. */
export const PAIRING_STEPS = ["waiting", "scanned", "restarting", "connected"] as const;
export type PairingStep = (typeof PAIRING_STEPS)[number];

export const STEP_WORDS: Readonly<Record<PairingStep, string>> = {
  waiting: "Waiting for a phone",
  scanned: "The phone links this device",
  restarting: "Restarting the connection (515, normal)",
  connected: "Connected",
};

/** How far a pairing is, by what the device is now and whether WhatsApp has said that a phone linked it. */
export function stepOf({ state, cause }: Device, linked: boolean): PairingStep {
  if (state === "connected" || state === "restricted") return "connected";
  if (state === "connecting" && (linked || cause === "restart_required")) return "restarting";
  return linked ? "scanned" : "waiting";
}

/** A code of eight as it is typed: four and four. */
export function inGroups(code: string): string {
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}
