import { carriedBy, type InHand, type Ledger, type Ownership } from "@pombo/ledger";
import type { LaneJob } from "@pombo/queue";
import type { Failure, MessageId, MessageStatus, Settings } from "@pombo/domain";
import type { Log } from "@pombo/telemetry";
import { decideFailure, type LaneHistory } from "./decide.ts";
import { prepareMedia, type PrepareDeps, type Prepared } from "./prepare-media.ts";

export interface DeskDeps extends Omit<PrepareDeps, "ledger"> {
  readonly own: Ownership;
  readonly ledger: PrepareDeps["ledger"] &
    Pick<Ledger, "awaitMedia" | "findMessage" | "mediaReady" | "settle">;
  readonly settings: Settings;
  readonly lane: () => LaneHistory;
  readonly log: Log;
  readonly random: () => number;
}

/** Where the messages of one device wait while their media is fetched and uploaded: the lane goes on with the others meanwhile. */
export interface MediaDesk {
  /** Takes the message in hand out of the lane, and begins the work unless it is under way. */
  setAside(job: LaneJob, message: InHand): Promise<"media" | "ghost" | "fenced">;
  /** Gives everything up; resolves when nothing is in hand any more. What waited is looked at again by the next owner. */
  close(): Promise<void>;
}

/**
 * ```
 *  lane ──no upload yet──► set aside (due, gate shut) ──► prepare ──ready──► back to its place ──► lane ──► sent
 *    ▲                          │ ▲                          └─failed─► as the catalog says: later, or never
 *    └──── media_look_ms later ─┘ └─ still under way
 * ```
 * A message that waits is looked at again every `media_look_ms`, so that a death in between costs no more than that.
 */
export function openMediaDesk(deps: DeskDeps): MediaDesk {
  const { own, ledger, settings, log, now } = deps;
  const closing = new AbortController();
  const atWork = new Map<MessageId, Promise<void>>();
  /** By what is carried: messages that share it share the work. */
  const preparing = new Map<string, Work>();

  async function setAside(job: LaneJob, message: InHand): Promise<"media" | "ghost" | "fenced"> {
    const { messageId, feed } = job;
    const begins = !atWork.has(messageId);
    const until = now() + settings.media_look_ms;
    const waits = await ledger.awaitMedia(own, { messageId, feed, until, begins });
    if (waits.kind !== "waits") return waits.kind;
    deps.reach("set_aside");
    if (!begins || closing.signal.aborted) return "media";
    const work = waits.begun > settings.media_begins ? giveUp : bring;
    const working = work(messageId, message)
      .catch((error: unknown) => {
        if (!closing.signal.aborted) log.error("media.broke", { message_id: messageId, error });
      })
      .finally(() => atWork.delete(messageId));
    atWork.set(messageId, working);
    return "media";
  }

  async function bring(messageId: MessageId, message: InHand): Promise<void> {
    const began = now();
    const failure = await prepareOnce(messageId, message);
    if (failure === "unwanted") {
      log.info("media.unwanted", { device_id: own.deviceId, message_id: messageId });
      return;
    }
    log.info("media.prepared", {
      device_id: own.deviceId,
      message_id: messageId,
      code: failure?.code,
      error: failure?.cause,
      ms: now() - began,
    });
    if (failure !== undefined) return fail(messageId, message, failure);
    await ledger.mediaReady(own, messageId);
    deps.reach("media_ready");
  }

  async function prepareOnce(
    messageId: MessageId,
    { content }: InHand,
  ): Promise<Prepared | "unwanted"> {
    const carried = carriedBy(content);
    const name = `${carried?.id}|${carried?.kind}`;
    const under = preparing.get(name);
    if (under !== undefined) {
      under.bearers.add(messageId);
      return under.prepared;
    }
    const bearers = new Set([messageId]);
    const prepared = prepare(messageId, content, bearers).finally(() => preparing.delete(name));
    preparing.set(name, { bearers, prepared });
    return prepared;
  }

  /** Ends early when nobody waits for it any more: its messages were canceled, or their time is over. */
  async function prepare(
    messageId: MessageId,
    content: InHand["content"],
    bearers: ReadonlySet<MessageId>,
  ): Promise<Prepared | "unwanted"> {
    const unwanted = new AbortController();
    const look = (): void =>
      void isWanted(bearers).then(
        (wanted) => wanted || unwanted.abort(),
        () => undefined,
      );
    const watch = setInterval(look, settings.media_wanted_ms);
    try {
      const keyId = (await ledger.findMessage(messageId))?.keyId ?? "";
      const signal = AbortSignal.any([closing.signal, unwanted.signal]);
      return await prepareMedia({ deviceId: own.deviceId, keyId, content }, deps, signal);
    } catch (error) {
      if (closing.signal.aborted || !unwanted.signal.aborted) throw error;
      return "unwanted";
    } finally {
      clearInterval(watch);
    }
  }

  async function isWanted(bearers: ReadonlySet<MessageId>): Promise<boolean> {
    const found = await Promise.all([...bearers].map((id) => ledger.findMessage(id)));
    return found.some((message) => message !== undefined && WAITING.has(message.status));
  }

  async function giveUp(messageId: MessageId, message: InHand): Promise<void> {
    const detail = "the media can't be used: work on it was broken off too often";
    await fail(messageId, message, { code: "MEDIA_UNACCEPTABLE", detail });
  }

  async function fail(messageId: MessageId, message: InHand, failure: Failure): Promise<void> {
    const lane = deps.lane();
    const decision = { message, lane, settings, now: now(), jitter: deps.random() };
    const { outcome } = decideFailure(failure, { ...decision, leftNow: false });
    await ledger.settle(own, messageId, outcome);
  }

  return {
    setAside,
    async close() {
      closing.abort();
      const waiting = [...atWork.keys()];
      await Promise.allSettled(atWork.values());
      await Promise.allSettled(waiting.map((id) => ledger.mediaReady(own, id)));
    },
  };
}

const WAITING: ReadonlySet<MessageStatus> = new Set(["queued", "unknown"]);

interface Work {
  /** Who waits for it. */
  readonly bearers: Set<MessageId>;
  readonly prepared: Promise<Prepared | "unwanted">;
}
