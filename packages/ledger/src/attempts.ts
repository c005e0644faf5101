import type { ScriptArgument } from "@pombo/redis";
import {
  type ErrorCode,
  ENTRANCES,
  type EvidenceStatus,
  type MessageContent,
  type MessageId,
  type MessageStatus,
  readContent,
} from "@pombo/domain";
import type { Ownership } from "./lane.ts";
import type { MediaUpload } from "./media.ts";
import type { Run } from "./scripts.ts";

/** How often each one-time remedy was taken for a message. */
export type Taken = Readonly<Partial<Record<"refresh" | "once-more" | "hold", number>>>;

/** What the ledger knows of a message in hand. */
export interface InHand {
  /** Attempts so far, one that has begun included. */
  readonly number: number;
  readonly rounds: number;
  readonly mayHaveLeft: boolean;
  readonly leftAt: number;
  readonly recipient: string;
  readonly content: MessageContent;
  readonly taken: Taken;
  /** Somebody waits for its answer until then; 0 nobody. ms since the epoch */
  readonly syncUntil: number;
  /** What it carries, as its device uploaded it. */
  readonly upload?: MediaUpload;
  /** That had it accepted; absent of rows of batches. */
  readonly requestId?: string;
}

/** `go`: the message is `sending`, and may be written to the socket. The others have changed nothing. */
export type Begun =
  | (InHand & { readonly kind: "go" })
  /** Not known to be on WhatsApp: look it up, then begin again. */
  | (InHand & { readonly kind: "check" })
  | (InHand & { readonly kind: "absent" })
  /** It changes a message that was never sent, or not from this number. */
  | (InHand & { readonly kind: "orphan" })
  /** Its recipient is on the suppression list. */
  | (InHand & { readonly kind: "suppressed" })
  /** Its time is over. */
  | (InHand & { readonly kind: "expired" })
  /** Its worker ended more than once: let nothing else run, then begin again with `alone`. */
  | (InHand & { readonly kind: "alone" })
  /** What it carries has not been uploaded by this device: set it aside until it is. */
  | (InHand & { readonly kind: "media" })
  /** Its last attempt is without an answer on this very connection: get a new one first. */
  | (InHand & { readonly kind: "reconnect" })
  /** The job is of an older feed, or the message was settled: finish the job, do nothing. */
  | { readonly kind: "ghost" }
  | { readonly kind: "fenced" };

/** A decision about a message, with what the ledger shall write. */
export interface Outcome {
  readonly to: MessageStatus;
  readonly now: number;
  /** Of the attempt that it ends; absent when none had begun. */
  readonly token?: string;
  readonly failure?: { readonly code: ErrorCode; readonly detail: string };
  /** Where an unsettled message waits: until a time, or in its place of the backlog. */
  readonly wait?: { readonly kind: "due"; readonly at: number } | { readonly kind: "backlog" };
  readonly mayHaveLeft?: boolean;
  /** Added to the count of attempts: -1 when this one is not used up, 1 when it failed before it had begun. */
  readonly count?: -1 | 1;
  readonly taken?: Taken;
  /** Of the job in hand, when its attempt had not begun: what was taken back meanwhile is left alone. */
  readonly feed?: number;
  readonly throttleUntil?: number;
  readonly holdUntil?: number;
}

export interface Evidence {
  readonly messageId: MessageId;
  readonly proves: EvidenceStatus;
  readonly now: number;
}

export type Settled =
  | {
      readonly kind: "settled";
      readonly version: number;
      /** To the ack from the acceptance (or from `send_at`), to the delivery from the ack, ms; absent for other statuses. */
      readonly tookMs?: number;
    }
  | { readonly kind: "refused"; readonly status: MessageStatus }
  | { readonly kind: "recorded"; readonly status: MessageStatus }
  | { readonly kind: "absent" }
  | { readonly kind: "fenced" };

export interface Attempts {
  /** The fence before the socket write. `connectedSince`: ms since the epoch; 0 when any connection will do. */
  begin(
    own: Ownership,
    job: {
      readonly messageId: MessageId;
      readonly feed: number;
      readonly token: string;
      readonly now: number;
      readonly connectedSince: number;
      readonly alone?: boolean;
    },
  ): Promise<Begun>;
  settle(own: Ownership, messageId: MessageId, outcome: Outcome): Promise<Settled>;
  /** Ack or receipt; never fenced, only forward. */
  recordEvidence(deviceId: Ownership["deviceId"], evidence: Evidence): Promise<Settled>;
  /** One member of a group got, or read, a message: counted once. */
  countReceipt(
    deviceId: Ownership["deviceId"],
    receipt: { readonly messageId: MessageId; readonly member: string; readonly read: boolean },
  ): Promise<void>;
}

export function attempts(run: Run): Attempts {
  return {
    async begin({ deviceId, epoch }, { messageId, feed, token, now, connectedSince, alone }) {
      const origins = originList(ENTRANCES.sending.command);
      return readBegun(
        (await run(
          "begin-attempt",
          deviceId,
          epoch,
          messageId,
          feed,
          token,
          now,
          origins,
          connectedSince === 0 ? Number.MAX_SAFE_INTEGER : connectedSince,
          alone === true ? "1" : "",
        )) as string[],
      );
    },
    async settle({ deviceId, epoch }, messageId, outcome) {
      const origins = ENTRANCES[outcome.to].command;
      const by = { kind: "command", messageId, deviceId, epoch, origins } as const;
      return readSettled((await run("settle", ...settleArguments(by, outcome))) as SettledReply);
    },
    async recordEvidence(deviceId, { messageId, proves: to, now }) {
      const origins = ENTRANCES[to].evidence;
      const by = { kind: "evidence", messageId, deviceId, epoch: "", origins } as const;
      return readSettled(
        (await run("settle", ...settleArguments(by, { to, now }))) as SettledReply,
      );
    },
    async countReceipt(deviceId, { messageId, member, read }) {
      await run("count-receipt", deviceId, messageId, member, read ? "read" : "delivered");
    },
  };
}

interface SettledBy {
  readonly kind: "command" | "evidence";
  readonly messageId: MessageId;
  readonly deviceId: Ownership["deviceId"];
  /** Evidence is never fenced. */
  readonly epoch: Ownership["epoch"] | "";
  readonly origins: readonly string[];
}

function settleArguments(
  { kind, messageId, deviceId, epoch, origins }: SettledBy,
  outcome: Outcome,
): ScriptArgument[] {
  const { failure, wait, taken } = outcome;
  return [
    messageId,
    kind,
    deviceId,
    epoch,
    outcome.token ?? "",
    outcome.to,
    originList(origins),
    outcome.now,
    failure?.code ?? "",
    failure?.detail ?? "",
    wait?.kind ?? "",
    wait?.kind === "due" ? wait.at : 0,
    outcome.mayHaveLeft === true ? "1" : "",
    outcome.count ?? 0,
    taken === undefined ? "" : JSON.stringify(taken),
    outcome.throttleUntil ?? 0,
    outcome.holdUntil ?? 0,
    outcome.feed ?? "",
  ];
}

/** `,queued,unknown,`: what the scripts search in. */
export function originList(origins: readonly string[]): string {
  return `,${origins.join(",")},`;
}

function readBegun(reply: readonly (string | number)[]): Begun {
  const kind = reply[0] as Begun["kind"];
  switch (kind) {
    case "ghost":
    case "fenced":
      return { kind };
    case "go":
    case "check":
    case "absent":
    case "orphan":
    case "suppressed":
    case "expired":
    case "alone":
    case "reconnect":
    case "media":
      return { kind, ...readInHand(reply) };
  }
}

function readInHand(reply: readonly (string | number)[]): InHand {
  return {
    number: Number(reply[1]),
    rounds: Number(reply[2]),
    mayHaveLeft: Number(reply[3]) === 1,
    leftAt: Number(reply[4]),
    recipient: String(reply[5]),
    content: readContent(String(reply[6])),
    taken: reply[7] === "" ? {} : (JSON.parse(String(reply[7])) as Taken),
    syncUntil: Number(reply[8] ?? 0),
    ...((reply[9] ?? "") === "" ? {} : { upload: JSON.parse(String(reply[9])) as MediaUpload }),
    ...((reply[10] ?? "") === "" ? {} : { requestId: String(reply[10]) }),
  };
}

type SettledReply = [Settled["kind"], (string | number)?, string?];

function readSettled([kind, value, took]: SettledReply): Settled {
  switch (kind) {
    case "settled":
      return {
        kind,
        version: Number(value),
        ...(took === undefined ? {} : { tookMs: Number(took) }),
      };
    case "refused":
    case "recorded":
      return { kind, status: value as MessageStatus };
    case "absent":
    case "fenced":
      return { kind };
  }
}
