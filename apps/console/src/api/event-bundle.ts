import type { PomboEvent } from "@pombo/sdk";

/** Events that are kept while the page is held; with more, everything is asked for again. */
const MOST_KEPT = 1_000;
const TICKS: ReadonlySet<string> = new Set(["overview", "outage"]);

/** Once a second, and the whole truth each time: only the last one counts. */
export function isTick({ type }: PomboEvent): boolean {
  return TICKS.has(type);
}

export interface EventBundle {
  readonly keep: (event: PomboEvent) => void;
  /** Hands over what was kept. `missed`: more came than that. */
  readonly take: () => { readonly events: readonly PomboEvent[]; readonly missed: boolean };
}

/** What came since the page was told last. */
export function openBundle(): EventBundle {
  let events: PomboEvent[] = [];
  let missed = false;
  return {
    keep(event) {
      if (isTick(event)) events = events.filter((one) => !isTick(one));
      if (events.length >= MOST_KEPT) {
        missed = true;
        events = events.filter(isTick);
      }
      events.push(event);
    },
    take() {
      const taken = { events, missed };
      events = [];
      missed = false;
      return taken;
    },
  };
}
