import type { DeviceId, MessageContent, MessageId, Priority, QuietHours } from "@pombo/domain";
import type { ScriptArgument } from "@pombo/redis";
import type { Run } from "./scripts.ts";

export interface NewMessage {
  readonly id: MessageId;
  readonly deviceId: DeviceId;
  /** digits, or a group JID */
  readonly recipient: string;
  readonly content: MessageContent;
  readonly priority: Priority;
  /** Of the API key. */
  readonly keyId: string;
  readonly clientRef?: string;
  readonly metadata?: unknown;
  /** ms since the epoch */
  readonly at: number;
  /** Not before; ms since the epoch. */
  readonly sendAt?: number;
  /** What has not left by then ends as `expired`; ms since the epoch. */
  readonly expiresAt?: number;
  readonly quietHours?: QuietHours;
}

/** An HTTP answer, kept to be replayed byte for byte. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The right to accept under an idempotency key: for `idempotency_claim_ms`, then anyone may resume with the same message id. */
export interface Claim {
  /** Digest of key, route and Idempotency-Key. */
  readonly digest: string;
  readonly token: string;
}

export type Claimed =
  | { readonly kind: "claimed"; readonly messageId: MessageId }
  | { readonly kind: "in-progress"; readonly retryAfterMs: number }
  | { readonly kind: "accepted"; readonly messageId: MessageId; readonly answer?: StoredAnswer }
  | { readonly kind: "reused" };

export type Accepted =
  /** `feed`: the message went straight into the window under this number, and the lane needs its job. */
  | { readonly kind: "accepted"; readonly feed?: number }
  | { readonly kind: "claim-lost" }
  | { readonly kind: "no-device" }
  /** At its pace the lane would need longer than `queue_time_ms` for what waits already. */
  | { readonly kind: "full"; readonly retryAfterMs: number };

export interface Acceptance {
  claim(
    claim: Claim,
    request: { readonly fingerprint: string; readonly messageId: MessageId; readonly now: number },
  ): Promise<Claimed>;
  /** All or nothing; a repeat under the same id changes nothing. */
  accept(message: NewMessage, claim?: Claim): Promise<Accepted>;
  /** The first answer wins and is returned. */
  storeAnswer(digest: string, messageId: MessageId, answer: StoredAnswer): Promise<StoredAnswer>;
}

export function acceptance(run: Run): Acceptance {
  return {
    async claim({ digest, token }, { fingerprint, messageId, now }) {
      const reply = (await run("claim-key", digest, fingerprint, messageId, token, now)) as [
        Claimed["kind"],
        (string | number)?,
        string?,
      ];
      return readClaimed(reply);
    },
    async accept(message, claim) {
      const reply = await run("accept", ...acceptArguments(message, claim));
      return readAccepted(reply as [AcceptReply, (number | string)?]);
    },
    async storeAnswer(digest, messageId, answer) {
      const kept = await run("store-answer", digest, messageId, JSON.stringify(answer));
      return JSON.parse(String(kept)) as StoredAnswer;
    },
  };
}

type AcceptReply = "accepted" | "exists" | "claim-lost" | "no-device" | "full";

function acceptArguments(message: NewMessage, claim: Claim | undefined): ScriptArgument[] {
  return [
    message.id,
    message.deviceId,
    message.recipient,
    json(message.content),
    message.priority,
    message.keyId,
    message.at,
    message.clientRef ?? "",
    json(message.metadata),
    claim?.digest ?? "",
    claim?.token ?? "",
    message.sendAt ?? 0,
    message.expiresAt ?? 0,
    json(message.quietHours),
  ];
}

/** Empty for what is absent: scripts know no undefined. */
function json(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value);
}

function readAccepted([kind, value]: [AcceptReply, (number | string)?]): Accepted {
  switch (kind) {
    case "claim-lost":
    case "no-device":
      return { kind };
    case "full":
      return { kind, retryAfterMs: Number(value) };
    case "accepted":
    case "exists":
      return Number(value) > 0 ? { kind: "accepted", feed: Number(value) } : { kind: "accepted" };
  }
}

function readClaimed(reply: [Claimed["kind"], (string | number)?, string?]): Claimed {
  const [kind, value, answer] = reply;
  switch (kind) {
    case "claimed":
      return { kind, messageId: value as MessageId };
    case "in-progress":
      return { kind, retryAfterMs: Number(value) };
    case "accepted":
      return answer === undefined || answer === ""
        ? { kind, messageId: value as MessageId }
        : { kind, messageId: value as MessageId, answer: JSON.parse(answer) as StoredAnswer };
    case "reused":
      return { kind };
  }
}
