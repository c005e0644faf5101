import type { Output } from "@pombo/sdk";
import { counted, formatCount, formatDuration } from "../../ui/format.ts";
import { wordOf } from "../../ui/status-role.ts";

export type Device = Output<"getDevice">;
export type ListedDevice = Output<"listDevices">["devices"][number];
export type Lane = Output<"getLane">;
export type LaneGates = Output<"getLaneGates">;
export type Gate = LaneGates["gates"][number];

/** What a cause of a state says to a person; one that is not known here is shown as it is called. */
const CAUSES: Readonly<Record<string, string>> = {
  account_locked: "WhatsApp locked the account",
  banned: "WhatsApp banned the account",
  banned_for_a_time: "WhatsApp banned the account for a time",
  client_outdated: "WhatsApp calls this client outdated",
  connection_lost: "the connection broke",
  credentials_missing: "its credentials are gone",
  credentials_unreadable: "its credentials can’t be read with this key",
  logged_out: "the phone ended this link",
  logout: "as you asked",
  new_chats_restricted: "WhatsApp limits new chats",
  not_owner: "another worker took it",
  open_timeout: "WhatsApp did not answer in time",
  pairing_refused: "WhatsApp refused the pairing",
  passkey_required: "its phone asks for a passkey",
  qr_timeout: "nobody scanned a code in time",
  replaced: "another session took its place",
  requested: "as you asked",
  restart_required: "WhatsApp asked for a new connection, which is normal",
  server_unavailable: "WhatsApp is not available",
  throttled: "WhatsApp asked to slow down",
  worker_stopped: "its worker stopped",
};

export function causeSays(cause: string | null): string | undefined {
  if (cause === null || cause === "") return undefined;
  return (Object.hasOwn(CAUSES, cause) ? CAUSES[cause] : undefined) ?? wordOf(cause).toLowerCase();
}

/** "6.2 of 8 msg/min" */
export function paceSays(actual: number, allowed: number | null): string {
  return allowed === null ? `${actual} msg/min, no limit` : `${actual} of ${allowed} msg/min`;
}

/** How near the top of the list a device belongs: those that need somebody first, then those that wait. */
export function rankOf({ state, lane }: ListedDevice): number {
  if (lane?.attention === "unexplained_stall" || state === "blocked" || state === "logged_out")
    return 0;
  if (lane?.attention) return 1;
  if (state === "disconnected" || state === "restricted" || state === "pairing") return 2;
  return (lane?.waiting ?? 0) > 0 ? 3 : 4;
}

export function needsSomebody({ lane, state }: ListedDevice): boolean {
  return state === "blocked" || state === "logged_out" || Boolean(lane?.attention);
}

export interface DeviceFilter {
  readonly state?: string | undefined;
  readonly blockedBy?: string | undefined;
  readonly needs?: boolean;
  /** A part of the name or the id. */
  readonly text?: string | undefined;
}

export function matches(device: ListedDevice, filter: DeviceFilter): boolean {
  const { state, blockedBy, needs, text = "" } = filter;
  if (state !== undefined && state !== "" && device.state !== state) return false;
  if (blockedBy !== undefined && blockedBy !== "" && device.lane?.blocked_by !== blockedBy)
    return false;
  if (needs === true && !needsSomebody(device)) return false;
  const wanted = text.trim().toLowerCase();
  return (
    wanted === "" || device.name.toLowerCase().includes(wanted) || device.device_id.includes(wanted)
  );
}

/** Those that were asked for anew, in the place of what was known of them. */
export function withChanged(
  all: readonly ListedDevice[],
  changed: readonly ListedDevice[],
): readonly ListedDevice[] {
  const fresh = new Map(changed.map((one) => [one.device_id, one]));
  return all.map((one) => fresh.get(one.device_id) ?? one);
}

/** "232, about 2 h 10 min" */
export function depthSays(waiting: number, eta: string | null, now: number): string {
  if (waiting === 0 || eta === null) return formatCount(waiting);
  return `${formatCount(waiting)}, about ${formatDuration(Date.parse(eta) - now)}`;
}

/** The answer of a device's page, above everything else. */
export function headlineOf(device: Device, lane: Lane): string {
  const waiting = lane.depth.total;
  const many = counted(waiting, "waiting message");
  switch (device.state) {
    case "logged_out":
      return `${device.cause === "logged_out" ? "The phone ended this link" : "Logged out"}. Pair it again to send ${waiting > 0 ? `the ${many}` : "from it"}.`;
    case "blocked":
      return "WhatsApp blocked this account. Nothing is sent from it.";
    case "created":
      return "This device was never paired. Pair it to send from it.";
    case "pairing":
      return "A pairing is under way.";
    case "connecting":
      return "Connecting to WhatsApp.";
    case "disconnected":
      return waiting > 0
        ? `Not connected; ${counted(waiting, "message waits", "messages wait")} for it.`
        : "Not connected.";
    case "restricted":
      return "Connected; WhatsApp limits new chats.";
    case "connected":
      return lane.paused ? "Connected; its lane is paused." : "Connected.";
  }
}
