import type { DeviceState, Failure } from "@pombo/domain";
import type { Connection } from "./connection.ts";
import type { Live } from "./live.ts";
import type { Status } from "./status.ts";

export type PairingCode =
  | { readonly kind: "code"; readonly code: string; readonly expiresAt: number }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Waits until the device shows a QR code: only then does WhatsApp take a request for a pairing code. */
export async function untilPairing(
  connection: Connection,
  status: Status,
  limitMs: number,
): Promise<Live | Failure> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), limitMs);
  try {
    while (true) {
      const live = connection.live();
      if (live?.socket.pairingEndsAt() !== undefined) return live;
      if (connection.credentials()?.isPaired() === true) return ALREADY_PAIRED;
      const { promise: moved, resolve: move } = Promise.withResolvers<"moved">();
      const forget = status.atNextMove(() => move("moved"));
      // Each move of the device is looked at in turn.
      // oxlint-disable-next-line no-await-in-loop
      const first = await Promise.race([moved, late]);
      forget();
      if (first === "late" || !COMING_UP.has(status.state())) return NO_PAIRING;
    }
  } finally {
    clearTimeout(timer);
  }
}

export async function requestCode(
  { socket }: Live,
  phone: string,
): Promise<
  | { readonly kind: "code"; readonly code: string; readonly expiresAt: number }
  | { readonly kind: "failed"; readonly failure: Failure }
> {
  try {
    const code = await socket.wa.requestPairingCode(phone.replace(/\D/g, ""));
    return { kind: "code", code, expiresAt: socket.pairingEndsAt() ?? Date.now() };
  } catch (cause) {
    return { kind: "failed", failure: { ...NO_PAIRING, cause } };
  }
}

const COMING_UP: ReadonlySet<DeviceState> = new Set(["connecting", "pairing"]);
const NO_PAIRING: Failure = { code: "UPSTREAM_FAILED", detail: "WhatsApp did not start a pairing" };
const ALREADY_PAIRED: Failure = { code: "CONFLICT", detail: "the device is paired" };
