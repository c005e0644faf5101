import type { MessageId } from "@pombo/domain";
import type { MessageView } from "@pombo/ledger";
import { awaitChange, type Patience } from "./await-change.ts";
import type { EventTail } from "./event-tail.ts";
import type { Follow } from "./follow.ts";

export interface MessageReader {
  viewMessage(id: MessageId, now: number): Promise<MessageView | undefined>;
}

export interface WaitForMessageDeps {
  readonly ledger: MessageReader;
  /** At once, but lossy. */
  readonly follow: Pick<Follow, "message" | "listening">;
  /** A moment later, but whatever the log says. */
  readonly tail: Pick<EventTail, "follow" | "listen">;
  readonly now: () => number;
}

/** Every change is in the log, so a look without being rung is for what nobody thought of. */
const LOOK_AGAIN_MS = 30_000;

/**
 * Waits until the message is as wanted, or the time is up; undefined when there is no such message. Who waits costs Redis nothing
 * until there is news: the process reads the log once for all.
 */
export async function waitForMessage(
  id: MessageId,
  patience: Omit<Patience<MessageView>, "done"> & { done(view: MessageView): boolean },
  { ledger, follow, tail, now }: WaitForMessageDeps,
): Promise<MessageView | undefined> {
  const interest = { events: ["*"], devices: "*", messageId: id } as const;
  if (patience.ms > 0) await tail.follow();
  return awaitChange(
    {
      subscribe(ring) {
        const stops = [follow.message(id, ring), tail.listen({ interest, hear: ring })];
        return () => {
          for (const stop of stops) stop();
        };
      },
      listening: () => follow.listening(),
      read: () => ledger.viewMessage(id, now()),
    },
    {
      ...patience,
      lookAgainMs: LOOK_AGAIN_MS,
      done: (view) => view === undefined || patience.done(view),
    },
  );
}
