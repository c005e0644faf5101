import type { MessageId } from "@pombo/domain";
import type { MessageView } from "@pombo/ledger";
import { awaitChange, type Patience } from "./await-change.ts";
import type { Follow } from "./follow.ts";

export interface MessageReader {
  viewMessage(id: MessageId, now: number): Promise<MessageView | undefined>;
}

export interface WaitForMessageDeps {
  readonly ledger: MessageReader;
  readonly follow: Pick<Follow, "message">;
  readonly now: () => number;
}

/** Waits until the message is as wanted, or the time is up; undefined when there is no such message. */
export function waitForMessage(
  id: MessageId,
  patience: Omit<Patience<MessageView>, "done"> & { done(view: MessageView): boolean },
  { ledger, follow, now }: WaitForMessageDeps,
): Promise<MessageView | undefined> {
  return awaitChange(
    {
      subscribe: (ring) => follow.message(id, ring),
      read: () => ledger.viewMessage(id, now()),
    },
    { ...patience, done: (view) => view === undefined || patience.done(view) },
  );
}
