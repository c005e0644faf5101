import { type CredentialKeys, type DeviceConfig, openDevice } from "@pombo/device";
import { ERASED, isMedia, isOnline, type MessageId, type Settings } from "@pombo/domain";
import { carriedBy, type Ledger, type Ownership } from "@pombo/ledger";
import type { Lane } from "@pombo/queue";
import type { Log } from "@pombo/telemetry";
import { answerRequests } from "./answer-requests.ts";
import type { Reach } from "./fault-point.ts";
import { followInbound } from "./follow-inbound.ts";
import { followReceipts } from "./follow-receipts.ts";
import { reportDevice } from "./report-device.ts";
import { type Instant, isBefore, later } from "./instant.ts";
import { jidOf } from "./handle-job.ts";
import type { Places } from "./places.ts";
import { type LaneRunDeps, runLane } from "./run-lane.ts";
import type { Solo } from "./solo.ts";
import { watchLease } from "./watch-lease.ts";

export interface OwnerDeps {
  readonly ledger: Ledger;
  readonly lane: Lane;
  readonly whatsapp: DeviceConfig["whatsapp"];
  readonly keys: CredentialKeys;
  readonly settings: Settings;
  /** Shared by all devices of the process. */
  readonly solo: Solo;
  readonly drawer: LaneRunDeps["drawer"];
  /** For what Redis does not take now; shared by all devices of the process. */
  readonly places: { readonly receipts: Places; readonly inbound: Places };
  readonly reach: Reach;
  /** Where media is kept and how it is fetched; shared by all devices of the process. */
  readonly media: LaneRunDeps["media"];
  /** Whoever writes one of these to the device opts out. */
  readonly optOutKeywords: readonly string[];
  readonly log: Log;
  readonly now: () => number;
  /** Asks Redis whether the lease is still ours. */
  readonly stillOwner: (own: Ownership) => Promise<boolean>;
  readonly onOnline: (online: boolean) => void;
  /** Ours no longer: forget this device. */
  readonly onLost: (own: Ownership) => void;
}

/** A device that this process owns: its socket, its lane, and the reports of both. */
export interface OwnedDevice {
  readonly own: Ownership;
  /** Look now: something came, or the sweep is due. */
  poke(): void;
  /** The lease is ours until then, margin taken off. */
  renewed(aliveUntil: Instant): void;
  /** Finishes what is in hand (at once when `hurry` is aborted), gives the rest back and cuts the socket. */
  release(hurry: AbortSignal): Promise<void>;
  /** Another worker owns it: cuts the socket and writes nothing. */
  abandon(): Promise<void>;
}

export function ownDevice(own: Ownership, firstAliveUntil: Instant, deps: OwnerDeps): OwnedDevice {
  const { ledger, settings, now, log } = deps;
  const { deviceId } = own;
  let aliveUntil = firstAliveUntil;
  let wishes = -1;
  deps.reach("lease_taken");
  const onLost = (): void => deps.onLost(own);

  const receipts = followReceipts(deviceId, {
    ledger,
    places: deps.places.receipts,
    againMs: settings.sweep_ms,
    now,
    reach: deps.reach,
    onRefused: (error) => log.warn("receipt.refused", { device_id: deviceId, error }),
    onError: (error) => log.error("receipt.lost", { device_id: deviceId, error }),
  });
  const inbox = followInbound(deviceId, {
    ledger,
    optOutKeywords: deps.optOutKeywords,
    places: deps.places.inbound,
    againMs: settings.sweep_ms,
    now,
    onRefused: (error) => log.warn("inbound.refused", { device_id: deviceId, error }),
    onError: (error) => log.error("inbound.lost", { device_id: deviceId, error }),
  });
  const report = reportDevice({
    own,
    ledger,
    log,
    now,
    againMs: settings.sweep_ms,
    onLost,
    onWritten: () => lane.poke(),
  });
  const device = openDevice(
    { deviceId, whatsapp: deps.whatsapp, settings, keys: deps.keys },
    {
      store: ledger.credentials(own),
      sentUnder: async (id) => {
        const message = await ledger.findMessage(id as MessageId);
        if (message === undefined || message.recipient === ERASED) return undefined;
        const { content } = message;
        const jid = jidOf(message.recipient);
        const carried = carriedBy(content);
        if (carried === undefined || !isMedia(content)) return { content, jid };
        const uploaded = await ledger.findUpload(deviceId, carried);
        return uploaded && { content: { ...content, uploaded }, jid };
      },
      onState(told) {
        const online = isOnline(told.state);
        deps.onOnline(online);
        report.state(told);
        // Its messages need not wait until that is written.
        if (online) lane.poke();
      },
      onQr: report.qr,
      onEvidence: receipts.follow,
      onInbound: ({ from, at }) => report.inbound(from, at),
      onReceived: (message) => inbox.follow(message),
      onTrust: ({ recipient, until }) => report.trusted(recipient, until),
      stillOwner: () => deps.stillOwner(own),
      log: (event, fields) => log.info(event, { device_id: deviceId, ...fields }),
    },
  );
  const lane = runLane({
    ...deps,
    own,
    device,
    alive: () => isBefore(aliveUntil),
    followUser,
    writing: receipts.writing,
    onHold: report.held,
    onLost,
  });

  const watch = watchLease({
    endsAt: () => later(aliveUntil, settings.lease_margin_ms),
    spreadMs: settings.cut_off_spread_ms,
    random: Math.random,
    cut() {
      log.warn("device.cut_off", { device_id: deviceId, epoch: own.epoch });
      device
        .disconnect("no_lease")
        .catch((error: unknown) => log.error("device.not_cut", { device_id: deviceId, error }));
    },
    comeBack() {
      // What the user wants is looked at anew.
      wishes = -1;
      lane.poke();
    },
  });

  /** Connects when the user wants it, and does what was asked of the device. */
  async function followUser(): Promise<void> {
    const wish = await ledger.wishOf(deviceId);
    if (wish.count !== wishes && wish.wanted === "connected") device.connect();
    wishes = wish.count;
    await answerRequests({
      deviceId,
      ledger,
      device,
      settings,
      room: deps.media.room,
      now,
      onError: (error) => log.error("request.unanswered", { device_id: deviceId, error }),
    });
  }

  return {
    own,
    poke: () => lane.poke(),
    renewed(until) {
      aliveUntil = until;
      watch.renewed();
    },
    async release(hurry) {
      watch.stop();
      receipts.hurry();
      inbox.hurry();
      await lane.stop(hurry);
      await receipts.settled();
      await inbox.settled();
      await device[Symbol.asyncDispose]();
      report.state({ state: "disconnected", cause: "worker_stopped", at: now() });
      await report.written();
      deps.reach("released");
    },
    async abandon() {
      watch.stop();
      receipts.hurry();
      inbox.hurry();
      aliveUntil = { monotonic: 0, wall: 0 };
      await device[Symbol.asyncDispose]();
      await lane.stop(AbortSignal.abort());
    },
  };
}
