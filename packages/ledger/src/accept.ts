import type { DeviceId, MessageId, Priority } from "@pombo/domain";
import type { MessageContent } from "./message-record.ts";
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
  | { readonly kind: "no-device" };

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
      const reply = (await run(
        "accept",
        message.id,
        message.deviceId,
        message.recipient,
        JSON.stringify(message.content),
        message.priority,
        message.keyId,
        message.at,
        message.clientRef ?? "",
        message.metadata === undefined ? "" : JSON.stringify(message.metadata),
        claim?.digest ?? "",
        claim?.token ?? "",
      )) as ["accepted" | "exists" | "claim-lost" | "no-device", (number | string)?];
      if (reply[0] === "claim-lost" || reply[0] === "no-device") return { kind: reply[0] };
      const feed = Number(reply[1] ?? 0);
      return feed > 0 ? { kind: "accepted", feed } : { kind: "accepted" };
    },
    async storeAnswer(digest, messageId, answer) {
      const kept = await run("store-answer", digest, messageId, JSON.stringify(answer));
      return JSON.parse(String(kept)) as StoredAnswer;
    },
  };
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
