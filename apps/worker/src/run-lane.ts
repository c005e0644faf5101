import type { Device } from "@pombo/device";
import { isOnline, type Settings } from "@pombo/domain";
import type { Ledger, Ownership } from "@pombo/ledger";
import type { Lane, LaneJob } from "@pombo/queue";
import type { Log } from "@pombo/telemetry";
import { randomBytes } from "node:crypto";
import type { LaneHistory } from "./decide.ts";
import type { Drawer } from "./draw-rows.ts";
import type { Reach } from "./fault-point.ts";
import { feed } from "./feed.ts";
import { handleJob, type JobDeps, type JobEnd } from "./handle-job.ts";
import { insist } from "./insist.ts";
import { createLatch } from "./latch.ts";
import { type DeskDeps, openMediaDesk } from "./media-desk.ts";
import { repairLane } from "./repair-lane.ts";
import type { Solo } from "./solo.ts";
import { watchDrain } from "./watch-drain.ts";

export interface LaneRunDeps {
  readonly own: Ownership;
  readonly ledger: Ledger;
  readonly lane: Lane;
  readonly drawer: Drawer;
  readonly device: Device;
  readonly settings: Settings;
  readonly log: Log;
  readonly now: () => number;
  readonly alive: () => boolean;
  /** One message of the process may run alone; the others wait at this door. */
  readonly solo: Solo;
  readonly reach: Reach;
  readonly media: Pick<DeskDeps, "room" | "slots" | "allowLoopback">;
  readonly writing: JobDeps["writing"];
  /** What the user asked for. */
  readonly followUser: () => Promise<void>;
  /** Cold sends are held until then; undefined: they aren't. */
  readonly onHold: (until: number | undefined) => void;
  readonly onLost: () => void;
}

export interface LaneRun {
  /** Look now: something came, or the sweep is due. */
  poke(): void;
  /** No further message; resolves when the one in hand has settled, which `hurry` makes happen at once. */
  stop(hurry: AbortSignal): Promise<void>;
}

/** Nothing is known to come: whoever knows better pokes. */
const REST_MS = 60_000;

/**
 * The loop of one lane: feed the window, fetch the next job, handle it. At most one job is in hand; while its answer is waited for,
 * the next one is picked. It rests until it is poked (the fleet sweeps) or until a time that the rules name.
 */
export function runLane(deps: LaneRunDeps): LaneRun {
  const { own, ledger, lane, device, settings, log, now } = deps;
  const latch = createLatch();
  const stopping = new AbortController();
  const hurry = new AbortController();
  const hasten = (): void => hurry.abort();
  const finishing = new Map<LaneJob, Promise<void>>();
  let inHand: LaneJob | undefined;
  /** The next job, asked for while the outcome of the one in hand is being written. */
  let ahead: Promise<LaneJob | undefined> | undefined;
  /** It came, and waits until that outcome is written: not stranded. */
  let fetched: LaneJob | undefined;
  let finished: LaneJob | undefined;
  let handling: Promise<void> = Promise.resolve();
  let history: LaneHistory = { throttles: 0, holds: 0 };
  /** These three by the monotonic clock: the wall clock may be set back. */
  let restUntil = 0;
  let reconnectedAt = Number.NEGATIVE_INFINITY;
  let sweptAt = Number.NEGATIVE_INFINITY;
  /** Something came from outside since the last turn: the user's wishes are looked at too. */
  let poked = true;
  /** An attempt ended by an error of ours, or somebody else's: what the window holds must be put in order first. */
  let disordered = true;

  const desk = openMediaDesk({
    ...deps.media,
    reach: deps.reach,
    own,
    ledger,
    device,
    settings,
    log,
    now,
    lane: () => history,
    random: Math.random,
  });
  const jobDeps: JobDeps = {
    own,
    ledger: {
      ...ledger,
      // What WhatsApp refused has not left: where that were not written, it would be sent again as if it might have.
      settle: (...outcome) =>
        insist(() => ledger.settle(...outcome), {
          againMs: settings.sweep_ms,
          signal: stopping.signal,
          onRefused: (error) => log.warn("outcome.refused", { device_id: own.deviceId, error }),
        }),
    },
    device: {
      ...device,
      async reconnect(cause) {
        reconnectedAt = performance.now();
        await device.reconnect(cause);
      },
    },
    settings,
    lane: () => history,
    mayReconnect: () => performance.now() - reconnectedAt >= settings.reconnect_gap_ms,
    alive: deps.alive,
    reach: deps.reach,
    writing: deps.writing,
    settling(job) {
      finish(job);
      if (mayMove() && !deps.solo.closed(own.deviceId)) {
        ahead = lane.fetch();
        // Its failure is met where it is waited for; until then it is nobody's.
        ahead.then(
          (next) => (fetched = next),
          (error: unknown) => log.debug("job.not_fetched", { error }),
        );
      }
    },
    setAside: (job, message) => desk.setAside(job, message),
    goAlone: () => deps.solo.goAlone(own.deviceId),
    now,
    random: Math.random,
    token: () => randomBytes(6).toString("base64url"),
    signal: hurry.signal,
  };

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      let rest = settings.sweep_ms;
      try {
        // oxlint-disable-next-line no-await-in-loop -- one turn after the other
        rest = await turn();
      } catch (error) {
        log.error("lane.turn_failed", { device_id: own.deviceId, error });
        // Where Redis is away the next turn tells.
        // oxlint-disable-next-line no-await-in-loop
        await watch.broke().catch(() => undefined);
      }
      // oxlint-disable-next-line no-await-in-loop
      if (!stopping.signal.aborted) await latch.wait(rest);
    }
  }

  /** One look at everything; how long to rest afterwards, in ms. */
  async function turn(): Promise<number> {
    await fetchNext();
    if (poked) {
      poked = false;
      await deps.followUser();
    }
    // Nothing moves in a lane whose device is away; it is swept once it is back.
    const sweeps = disordered || isOnline(device.state());
    if (sweeps && performance.now() - sweptAt >= settings.sweep_ms) await sweep();
    if (!mayMove()) {
      watch.rest();
      return isOnline(device.state()) || disordered ? settings.sweep_ms : REST_MS;
    }
    const { drawer, reach } = deps;
    const fed = await feed({ own, ledger, lane, drawer, now, random: Math.random, reach });
    if (fed.fenced === true) deps.onLost();
    history = fed.view;
    deps.onHold(fed.view.hold?.until);
    await fetchNext();
    await watch.look(fed, inHand !== undefined);
    return fed.until === undefined ? REST_MS : Math.min(REST_MS, Math.max(1, fed.until - now()));
  }

  function mayMove(): boolean {
    return (
      !disordered &&
      isOnline(device.state()) &&
      performance.now() >= restUntil &&
      deps.alive() &&
      !stopping.signal.aborted
    );
  }

  async function fetchNext(): Promise<void> {
    if (inHand !== undefined || !mayMove() || deps.solo.closed(own.deviceId)) return;
    const leave = deps.solo.enter(own.deviceId);
    // Forgotten before it is waited for: a fetch that failed must not be met again.
    const asked = ahead ?? lane.fetch();
    ahead = undefined;
    const job = await asked.catch(failAfter(leave));
    fetched = undefined;
    if (job === undefined) return leave();
    deps.reach("fetched");
    inHand = job;
    handling = handle(job).finally(() => {
      leave();
      inHand = undefined;
      latch.wake();
    });
  }

  /** Settle first, then finish: a death in between leaves a ghost. */
  async function handle(job: LaneJob): Promise<void> {
    const began = now();
    try {
      const end = await handleJob(job, jobDeps);
      deps.reach("settled");
      finish(job);
      follow(end);
      log.info("job.ended", {
        device_id: own.deviceId,
        message_id: job.messageId,
        request_id: end.requestId,
        feed: job.feed,
        end: end.kind,
        attempt: end.attempt,
        code: end.code,
        ms: now() - began,
      });
    } catch (error) {
      disordered = true;
      log.error("job.broke", { device_id: own.deviceId, message_id: job.messageId, error });
    }
  }

  function finish(job: LaneJob): void {
    if (finished === job) return;
    finished = job;
    const ending = lane
      .finish(job)
      .then(() => deps.reach("finished"))
      .catch((error: unknown) => log.error("job.not_finished", { error }))
      .finally(() => finishing.delete(job));
    finishing.set(job, ending);
  }

  function follow(end: JobEnd): void {
    if (end.kind === "fenced") deps.onLost();
    // The device's own state follows in a moment; until then a parked message must not spin.
    if (end.kind === "park") restUntil = performance.now() + settings.reconnect_base_ms;
    if (end.kind !== "ghost") watch.moved();
  }

  async function sweep(): Promise<void> {
    sweptAt = performance.now();
    if (disordered && inHand === undefined) {
      await putInOrder();
      disordered = false;
    }
    const held = (): readonly LaneJob[] =>
      [...finishing.keys(), inHand, fetched].filter((job) => job !== undefined);
    await repairLane({ own, ledger, lane, settings, now, held });
  }

  /** What an earlier owner, or a broken attempt, left in the window goes where it belongs. */
  async function putInOrder(): Promise<void> {
    const at = now();
    const found = await ledger.takeOver(own, { now: at, due: at + settings.reconcile_grace_ms });
    if (found === undefined) return deps.onLost();
    deps.reach("taken_over");
    if (found.returned + found.unknown + found.poisoned > 0)
      log.info("lane.taken_over", { device_id: own.deviceId, epoch: own.epoch, ...found });
  }

  const watch = watchDrain({ own, ledger, log, settings, now });
  const looping = loop();
  return {
    poke() {
      poked = true;
      latch.wake();
    },
    async stop(signal) {
      stopping.abort();
      latch.wake();
      if (signal.aborted) hasten();
      else signal.addEventListener("abort", hasten, { once: true });
      await looping;
      await handling;
      await desk.close();
      signal.removeEventListener("abort", hasten);
      await Promise.allSettled(finishing.values());
    },
  };
}

/** Lets go before the error goes on. */
function failAfter(leave: () => void): (error: unknown) => never {
  return (error) => {
    leave();
    throw error;
  };
}
