/** What a device is doing, as outsiders see it. `restricted` is still connected. */
export const DEVICE_STATES = [
  "created",
  "pairing",
  "connecting",
  "connected",
  "disconnected",
  "logged_out",
  "restricted",
  "blocked",
] as const;

export type DeviceState = (typeof DEVICE_STATES)[number];

/** True when messages may flow. */
export function isOnline(state: DeviceState): boolean {
  return state === "connected" || state === "restricted";
}

/** Why a waiting message waits. */
export const BLOCKERS = [
  "device_offline",
  "pacing",
  "budget",
  "order",
  "quiet_hours",
  "scheduled",
  "account_hold",
  "no_worker",
  "lane_paused",
  "batch_paused",
  "retry",
  "reconcile",
  "recipient_check",
  "identity_changed",
  "media",
] as const;

export type Blocker = (typeof BLOCKERS)[number];
