import { type MessageId, type Pick as Picked, pickNext, PRIORITIES } from "@pombo/domain";
import type { DrawHint, FeedOrder, LaneView, Ledger, Ownership } from "@pombo/ledger";
import type { Lane } from "@pombo/queue";
import type { Drawer } from "./draw-rows.ts";
import type { Reach } from "./fault-point.ts";

export interface FeedDeps {
  readonly own: Ownership;
  readonly ledger: Pick<Ledger, "peek" | "feed" | "openLane">;
  readonly lane: Pick<Lane, "add">;
  /** Of the process. */
  readonly drawer: Drawer;
  readonly now: () => number;
  readonly random: () => number;
  readonly reach: Reach;
}

export interface FeedResult {
  readonly view: LaneView;
  /** Why nothing more was moved. */
  readonly why: Extract<Picked, { kind: "wait" }>["why"];
  /** Look again then, ms since the epoch. */
  readonly until?: number;
  readonly fenced?: true;
}

const NEAR = 2;
/** Draws in a row that found the batch otherwise than it looked: then the next look decides. */
const MOST_MISSED = 3;

/**
 * Moves messages from the backlog into the window, and their jobs into the lane, until the rules say stop. Where the backlog of a class
 * runs short, the batch whose turn it is gives its next rows.
 */
export async function feed(deps: FeedDeps): Promise<FeedResult> {
  const { own, ledger, lane } = deps;
  // The head can nearly always go; more are looked at only when it had to be set aside.
  let ahead: number | undefined = NEAR;
  let missed = 0;
  /** False: the lease is lost. */
  const draw = async (hint: DrawHint | undefined): Promise<boolean> => {
    if (hint === undefined) return true;
    const drawn = await deps.drawer.draw(own, hint);
    // A death right here leaves messages in the backlog, as if they had been accepted one by one.
    if (drawn === "drawn") deps.reach("drawn");
    missed = drawn === "moved" ? missed + 1 : 0;
    return drawn !== "fenced";
  };
  for (;;) {
    const now = deps.now();
    // oxlint-disable-next-line no-await-in-loop -- each look depends on the move before
    const view = await ledger.peek(own.deviceId, now, ahead);
    const pick = pickNext(now, { ...view, open: true });
    const { gated, held, later } = pick.aside;
    const hint = missed < MOST_MISSED ? view.draws[0] : undefined;
    if (hint !== undefined && goesFirst(hint, pick, view)) {
      // oxlint-disable-next-line no-await-in-loop
      if (!(await draw(hint))) return { view, why: "no_worker", fenced: true };
      continue;
    }
    if (pick.kind === "wait" && gated.length + held.length + later.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- ends the loop
      await openWhenIdle(deps, view, pick.why);
      return { view, why: pick.why, ...lookAgain(pick.until ?? holdMoves(view, now)) };
    }
    if (pick.kind === "wait") ahead = undefined;
    // oxlint-disable-next-line no-await-in-loop
    const fed = await ledger.feed(own, orderOf(pick, view, { now, jitter: deps.random() }));
    if (fed.kind === "fenced") return { view, why: "no_worker", fenced: true };
    if (fed.kind === "fed" && pick.kind === "pick") {
      // A death right here leaves a window entry without a job: the repair adds it.
      deps.reach("fed");
      // oxlint-disable-next-line no-await-in-loop
      await lane.add(pick.id as MessageId, fed.feed);
      deps.reach("job_added");
      // While that one is sent there is time.
      // oxlint-disable-next-line no-await-in-loop
      if (!(await draw(hint))) return { view, why: "no_worker", fenced: true };
      if (view.windowUsed + 1 >= view.windowSize) return { view, why: "window" };
    }
  }
}

/** True when nothing of the backlog may go, or only what is less urgent than the rows that may be drawn. */
function goesFirst({ priority }: DrawHint, pick: Picked, view: LaneView): boolean {
  const { gated, held, later } = pick.aside;
  if (pick.kind === "wait")
    return pick.why === "empty" && gated.length + held.length + later.length === 0;
  const next = view.candidates.find(({ id }) => id === pick.id);
  return next !== undefined && PRIORITIES.indexOf(priority) < PRIORITIES.indexOf(next.priority);
}

function orderOf(
  pick: Picked,
  { pace }: LaneView,
  at: { readonly now: number; readonly jitter: number },
): FeedOrder {
  const order = { ...pick.aside, ...at, pace };
  if (pick.kind === "wait") return order;
  const { id, cold, probe, owed, passedOver } = pick;
  return { ...order, pick: { id: id as MessageId, cold, probe, owed, passedOver } };
}

function lookAgain(until: number | undefined): Pick<FeedResult, "until"> {
  return until === undefined ? {} : { until };
}

/** When a held lane may send its next probe. */
function holdMoves({ hold }: LaneView, now: number): number | undefined {
  return hold !== undefined && !hold.probing && hold.until > now ? hold.until : undefined;
}

/** Nothing waits and nothing is in the window: from now on the acceptance may feed the lane itself, where pace alone decides. */
async function openWhenIdle(
  { own, ledger, now }: FeedDeps,
  view: LaneView,
  why: string,
): Promise<void> {
  if (why !== "empty" || view.windowUsed > 0 || view.slowOnly) return;
  await ledger.openLane(own, now(), view.pace);
}
