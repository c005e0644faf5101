import { catalogRow, type ErrorCode } from "./catalog.ts";
import { type DeviceState, isOnline } from "./device-state.ts";

/** What is known of a lane, and of a message that waits in it. Times are ms since the epoch. */
export interface StandstillFacts {
  readonly device: {
    readonly state: DeviceState;
    /** Of the catalog: why it is in that state. */
    readonly code?: ErrorCode;
    /** When a block of the account ends. */
    readonly until?: number;
    /** A worker holds its lease. */
    readonly owned: boolean;
  };
  readonly paused: boolean;
  readonly throttledUntil: number;
  readonly heldUntil: number;
  /** The message is set aside: its recipient is cold, and the account is held. */
  readonly held: boolean;
  /** The device was paired with another phone number since the message was accepted. */
  readonly identityChanged: boolean;
  readonly now: number;
}

/** Why a message can't leave soon, as the code that somebody who waits for it is told. */
export interface Standstill {
  readonly code: ErrorCode;
  readonly detail?: string;
  /** When it may end, where that is known. */
  readonly until?: number;
}

/** Says why nothing leaves for now, or nothing when the message only waits for its turn. */
export function standstill(facts: StandstillFacts): Standstill | undefined {
  return ofDevice(facts) ?? ofLane(facts);
}

function ofDevice({ device, identityChanged, now }: StandstillFacts): Standstill | undefined {
  const { state, code, until = 0, owned } = device;
  const attended = isOnline(state) || state === "connecting";
  if (attended && !owned)
    return { code: "SERVICE_UNAVAILABLE", detail: "No worker has this device" };
  if (isOnline(state)) return identityChanged ? { code: "DEVICE_DISCONNECTED" } : undefined;
  return {
    code: code !== undefined && WAITS.has(catalogRow(code).remedy.kind) ? code : BY_STATE[state],
    ...(until > now ? { until } : {}),
  };
}

/** Remedies whose codes name what the device waits for. */
const WAITS: ReadonlySet<string> = new Set(["park", "throttle"]);

const BY_STATE = {
  created: "DEVICE_NOT_READY",
  pairing: "DEVICE_NOT_READY",
  connecting: "DEVICE_NOT_READY",
  connected: "DEVICE_NOT_READY",
  restricted: "DEVICE_NOT_READY",
  disconnected: "DEVICE_DISCONNECTED",
  logged_out: "DEVICE_NOT_READY",
  blocked: "ACCOUNT_BLOCKED",
} as const satisfies Record<DeviceState, ErrorCode>;

function ofLane({
  paused,
  throttledUntil,
  held,
  heldUntil,
  now,
}: StandstillFacts): Standstill | undefined {
  if (paused) return { code: "SERVICE_UNAVAILABLE", detail: "The lane of this device is paused" };
  if (throttledUntil > now) return { code: "THROTTLED", until: throttledUntil };
  if (!held) return undefined;
  const code = "ACCOUNT_RESTRICTED";
  return heldUntil > now ? { code, until: heldUntil } : { code };
}
