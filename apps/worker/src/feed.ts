import { type MessageId, pickNext } from "@pombo/domain";
import type { Ledger, LaneView, Ownership } from "@pombo/ledger";
import type { Lane } from "@pombo/queue";

export interface FeedDeps {
  readonly own: Ownership;
  readonly ledger: Pick<Ledger, "peek" | "feed" | "openLane">;
  readonly lane: Pick<Lane, "add">;
  readonly now: () => number;
}

export interface FeedResult {
  readonly view: LaneView;
  /** Nothing waits and nothing is in the window: the acceptance may feed the lane itself from now on. */
  readonly idle: boolean;
  /** Look again then, ms since the epoch. */
  readonly until?: number;
  readonly fenced?: true;
}

/** Moves messages from the backlog into the window, and their jobs into the lane, until the rules say stop. */
export async function feed(deps: FeedDeps): Promise<FeedResult> {
  for (;;) {
    const now = deps.now();
    // oxlint-disable-next-line no-await-in-loop -- each look depends on the move before
    const view = await deps.ledger.peek(deps.own.deviceId, now);
    const pick = pickNext(now, { ...view, open: true });
    const { gated, held } = pick.aside;
    if (pick.kind === "wait" && gated.length + held.length === 0) {
      // oxlint-disable-next-line no-await-in-loop -- ends the loop
      return endOf(deps, view, pick);
    }
    const order = { gated, held, now };
    // oxlint-disable-next-line no-await-in-loop
    const fed = await deps.ledger.feed(
      deps.own,
      pick.kind === "pick" ? { ...order, pick: pick.id as MessageId } : order,
    );
    if (fed.kind === "fenced") return { view, idle: false, fenced: true };
    if (fed.kind === "fed" && pick.kind === "pick") {
      // A death right here leaves a window entry without a job: the repair adds it.
      // oxlint-disable-next-line no-await-in-loop
      await deps.lane.add(pick.id as MessageId, fed.feed);
    }
  }
}

async function endOf(
  { own, ledger, now }: FeedDeps,
  view: LaneView,
  pick: { readonly why: string; readonly until?: number },
): Promise<FeedResult> {
  if (pick.until !== undefined) return { view, idle: false, until: pick.until };
  const empty = pick.why === "empty" && view.windowUsed === 0;
  return { view, idle: empty && (await ledger.openLane(own, now())) };
}
