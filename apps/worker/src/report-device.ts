import type { DeviceChange } from "@pombo/device";
import { isOnline } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import type { Log } from "@pombo/telemetry";
import { insist } from "./insist.ts";

export interface ReportDeps {
  readonly own: Ownership;
  readonly ledger: Pick<
    Ledger,
    "changeDevice" | "closeLane" | "setWanted" | "showQr" | "trust" | "warmUp"
  >;
  readonly log: Pick<Log, "info" | "error">;
  readonly now: () => number;
  /** Between two tries to write a state that Redis refused. */
  readonly againMs: number;
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
  /** Nothing more will be told: resolves when all is written, or was refused once more. */
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
  againMs,
  onWritten,
  onLost,
}: ReportDeps): DeviceReport {
  const ending = new AbortController();
  /** The device's own words, and beside them who talks to it: those are written once or not at all. */
  const tails = { device: Promise.resolve(), chats: Promise.resolve() };
  let online = false;
  let heldUntil: number | undefined;
  const write = (tail: keyof typeof tails, what: string, work: () => Promise<void>): void => {
    tails[tail] = tails[tail].then(work).catch(notWritten(what));
  };
  const notWritten = (what: string) => (error: unknown) => {
    log.error("device.not_written", { device_id: own.deviceId, what, error });
  };
  const change = async (told: DeviceChange): Promise<void> => {
    const { at, state, ...rest } = told;
    if (!isOnline(state) && !(await ledger.closeLane(own))) return onLost();
    const generation = await ledger.changeDevice(own, { ...rest, state, now: at });
    if (generation === undefined) return onLost();
    if (endsTheWish(told)) await ledger.setWanted(own.deviceId, "disconnected");
    if (state !== "pairing") await ledger.showQr(own.deviceId, undefined);
    log.info("device.changed", { device_id: own.deviceId, state, cause: told.cause, generation });
    onWritten();
  };
  /** A state is not told twice: where Redis refuses it, full as it is or its disk, it is written again. */
  const tell = (told: DeviceChange): void =>
    write("device", "state", () =>
      insist(() => change(told), {
        againMs,
        signal: ending.signal,
        onRefused: notWritten("state"),
      }),
    );
  /** As long as its lane is held, a device that is connected is restricted. */
  const shown = (told: DeviceChange): DeviceChange =>
    told.state === "connected" && heldUntil !== undefined
      ? { ...told, state: "restricted", ...RESTRICTION, until: heldUntil }
      : told;
  return {
    state(told) {
      online = isOnline(told.state);
      tell(shown(told));
    },
    held(until) {
      if (until === heldUntil) return;
      heldUntil = until;
      // What it says when it comes back is shown like that then.
      if (online) tell(shown({ state: "connected", at: now() }));
    },
    qr: (qr) => write("device", "qr", () => ledger.showQr(own.deviceId, qr)),
    inbound: (from, at) =>
      write("chats", "inbound", () => ledger.warmUp(own.deviceId, from, at + WARM_MS)),
    trusted: (lid, until) => write("chats", "trust", () => ledger.trust(own.deviceId, lid, until)),
    async written() {
      ending.abort();
      await Promise.all([tails.device, tails.chats]);
    },
  };
}
