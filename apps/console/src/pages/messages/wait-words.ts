import type { Output } from "@pombo/sdk";

export type MessageDetail = Output<"getMessage">;
export type Blocker = NonNullable<MessageDetail["blocked_by"]>;

/** Why a message waits, for every blocker: in a row, in a sentence, and what it is called in a timeline. */
interface WaitWords {
  /** Beside the status: "its turn". */
  readonly short: string;
  /** The verdict of a message that waits for it. */
  readonly verdict: string;
  /** What happens next. */
  readonly next: string;
  readonly why: string;
}

export const WAIT_WORDS: Readonly<Record<Blocker, WaitWords>> = {
  device_offline: {
    short: "device offline",
    verdict: "It waits for its device, which is not connected.",
    next: "Sent once the device is connected.",
    why: "No attempt is used up while the device is away.",
  },
  pacing: {
    short: "its turn",
    verdict: "Waiting its turn.",
    next: "Sent when its turn comes.",
    why: "The device sends one message after the other, as fast as its pace allows.",
  },
  budget: {
    short: "the day’s budget",
    verdict: "The device has sent as many messages today as it may.",
    next: "Sent when the day’s budget renews.",
    why: "The budget protects the number from being restricted.",
  },
  order: {
    short: "an earlier message",
    verdict: "An earlier message to this person comes first.",
    next: "Sent after the earlier message is settled.",
    why: "Messages to one person arrive in the order in which they were accepted.",
  },
  quiet_hours: {
    short: "quiet hours",
    verdict: "It waits for the end of the quiet hours.",
    next: "Sent when the quiet hours end.",
    why: "Nothing is sent to this person meanwhile.",
  },
  scheduled: {
    short: "its time",
    verdict: "It waits for the time that it was given.",
    next: "Put in line at its time.",
    why: "It was accepted with send_at.",
  },
  account_hold: {
    short: "account hold",
    verdict: "WhatsApp limits new chats on this number. This message would begin one.",
    next: "Sent when WhatsApp allows new chats again.",
    why: "Warm chats still flow. Nothing to do.",
  },
  no_worker: {
    short: "no worker",
    verdict: "No worker runs its device.",
    next: "Sent once a worker takes the device.",
    why: "A worker that dies is replaced within seconds where another one runs.",
  },
  lane_paused: {
    short: "lane paused",
    verdict: "Somebody paused the lane of its device.",
    next: "Sent after the lane is resumed.",
    why: "A pause has no end of its own.",
  },
  batch_paused: {
    short: "batch paused",
    verdict: "Its batch does not go on.",
    next: "Sent after the batch is resumed.",
    why: "A pause has no end of its own.",
  },
  retry: {
    short: "the next attempt",
    verdict: "An attempt failed. There will be another one.",
    next: "Tried again.",
    why: "The failure is one that passes.",
  },
  reconcile: {
    short: "the outcome",
    verdict: "Written to WhatsApp, no answer yet.",
    next: "No late answer: sent again after the next reconnect, same id.",
    why: "WhatsApp should show it once.",
  },
  recipient_check: {
    short: "a look-up",
    verdict: "It is being found out whether the number is on WhatsApp.",
    next: "Sent once the answer is there.",
    why: "Nothing is sent to numbers that nobody knows.",
  },
  identity_changed: {
    short: "another number",
    verdict: "The device was paired with another number since.",
    next: "Waits until somebody releases or discards what the earlier number left.",
    why: "It would go out under a number that it was not meant for.",
  },
  media: {
    short: "its file",
    verdict: "Its file is being fetched and handed to WhatsApp.",
    next: "Sent once the file is there.",
    why: "Other messages of the device go on meanwhile.",
  },
};
