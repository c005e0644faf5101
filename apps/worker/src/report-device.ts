import type { DeviceChange } from "@pombo/device";
import { isOnline } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";

export interface ReportDeps {
  readonly own: Ownership;
  readonly ledger: Pick<
    Ledger,
    "changeDevice" | "closeLane" | "setWanted" | "showQr" | "trust" | "warmUp"
  >;
  readonly log: Log;
  readonly now: () => number;
  /** A change is written: the lane may have to open or close. */
  readonly onWritten: () => void;
  readonly onLost: () => void;
}

/** Writes what the device tells, in the order in which it was told. */
export interface DeviceReport {
  readonly state: (change: DeviceChange) => void;
  /** Cold sends are held until then (undefined: not any more): the account is restricted. */
  readonly held: (until: number | undefined) => void;
  readonly qr: (qr: { readonly text: string; readonly expiresAt: number }) => void;
  /** Somebody wrote: the chat is warm for a day. */
  inbound(from: string, at: number): void;
  /** A trust token of this LID is held until then. */
  trusted(lid: string, until: number): void;
  written(): Promise<void>;
}

/** After these only the user can go on: a restart must not connect unasked. */
function endsTheWish({ state, cause }: DeviceChange): boolean {
  if (state === "logged_out") return true;
  return state === "disconnected" && (cause === "qr_timeout" || cause === "replaced");
}

const RESTRICTION = { code: "ACCOUNT_RESTRICTED", cause: "new_chats_restricted" } as const;

const WARM_MS = 86_400_000;

export function reportDevice({
  own,
  ledger,
  log,
  now,
  onWritten,
  onLost,
}: ReportDeps): DeviceReport {
  let tail: Promise<void> = Promise.resolve();
  let heldUntil: number | undefined;
  const write = (what: string, work: () => Promise<void>): void => {
    tail = tail.then(work).catch((error: unknown) => {
      log.error("device.not_written", { device_id: own.deviceId, what, error });
    });
  };
  const change = async (told: DeviceChange): Promise<void> => {
    const { at, state, ...rest } = told;
    const shown = state === "connected" && heldUntil !== undefined ? "restricted" : state;
    if (!isOnline(state) && !(await ledger.closeLane(own))) return onLost();
    const generation = await ledger.changeDevice(own, { ...rest, state: shown, now: at });
    if (generation === undefined) return onLost();
    if (endsTheWish(told)) await ledger.setWanted(own.deviceId, "disconnected");
    if (state !== "pairing") await ledger.showQr(own.deviceId, undefined);
    log.info("device.changed", {
      device_id: own.deviceId,
      state: shown,
      cause: told.cause,
      generation,
    });
    onWritten();
  };
  return {
    state: (told) => write("state", () => change(told)),
    held(until) {
      if (until === heldUntil) return;
      heldUntil = until;
      write("hold", () =>
        until === undefined
          ? change({ state: "connected", at: now() })
          : change({ state: "restricted", at: now(), ...RESTRICTION, until }),
      );
    },
    qr: (qr) => write("qr", () => ledger.showQr(own.deviceId, qr)),
    inbound: (from, at) => write("inbound", () => ledger.warmUp(own.deviceId, from, at + WARM_MS)),
    trusted: (lid, until) => write("trust", () => ledger.trust(own.deviceId, lid, until)),
    written: () => tail,
  };
}
