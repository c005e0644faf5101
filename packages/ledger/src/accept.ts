import type {
  DeviceId,
  MessageContent,
  MessageId,
  Priority,
  QuietHours,
  Settings,
} from "@pombo/domain";
import { gather, type ScriptArgument } from "@pombo/redis";
import type { AdmittedCall } from "./admissions.ts";
import { carriedBy, carriedText } from "./media.ts";
import type { Pooled } from "./pool-choice.ts";
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
  /** Of the request that has it accepted, for the log of its attempts. */
  readonly requestId?: string;
  /** ms since the epoch */
  readonly at: number;
  /** Not before; ms since the epoch. */
  readonly sendAt?: number;
  /** What has not left by then ends as `expired`; ms since the epoch. */
  readonly expiresAt?: number;
  readonly quietHours?: QuietHours;
  /** Somebody waits for its answer until then: what has not left before takes no wait. ms since the epoch */
  readonly syncUntil?: number;
  /** It is sent from a pool, which chose the device; another message to the recipient may have been quicker. */
  readonly pooled?: Pooled;
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

/** A claim that is made with the acceptance itself. */
export interface AcceptClaim extends Claim {
  readonly fingerprint: string;
  /** Kept as the first answer, when the message is accepted under the id that is given. */
  readonly answer?: StoredAnswer;
}

export type Accepted =
  /**
   * `feed`: the message went straight into the window under this number, and the lane needs its job. `messageId`: the one that was
   * given, or that of an earlier claim which nobody served.
   */
  | { readonly kind: "accepted"; readonly messageId: MessageId; readonly feed?: number }
  /** By an earlier request under the same key. */
  | { readonly kind: "joined"; readonly messageId: MessageId; readonly answer?: StoredAnswer }
  | { readonly kind: "in-progress"; readonly retryAfterMs: number }
  | { readonly kind: "reused" }
  | { readonly kind: "no-device" }
  /** The recipient is on the suppression list. */
  | { readonly kind: "suppressed" }
  /** The API key that was to be looked up with it does not hold. */
  | { readonly kind: "unadmitted" }
  /** The API key has had its requests of this window. */
  | { readonly kind: "over-rate"; readonly retryAfterMs: number }
  /** At its pace the lane would need longer than `queue_time_ms` for what waits already. */
  | { readonly kind: "full"; readonly retryAfterMs: number };

type RateSettings = Pick<Settings, "rate_limit_requests" | "rate_limit_window_ms">;
/** How often a key asked, this time included. */
type RateUse = Pick<AdmittedCall, "used" | "resetMs">;

/** The look-up of an API key that is done with the acceptance. */
export interface KeyCheck {
  /** SHA-256 of the whole key, hex. */
  readonly digest: string;
  /** Called when the key holds: the request is counted. */
  counted(use: RateUse): void;
}

export interface Acceptance {
  claim(
    claim: Claim,
    request: { readonly fingerprint: string; readonly messageId: MessageId; readonly now: number },
  ): Promise<Claimed>;
  /**
   * All or nothing; a repeat under the same id changes nothing. What is accepted in one turn of the event loop travels together.
   * @param keyCheck the API key of the request is looked up, and the request counted, with it: then that need not be done before
   */
  accept(message: NewMessage, claim?: AcceptClaim, keyCheck?: KeyCheck): Promise<Accepted>;
  /** The first answer wins and is returned. */
  storeAnswer(digest: string, messageId: MessageId, answer: StoredAnswer): Promise<StoredAnswer>;
}

/** Observed: so many keep both busy; with more, the API waits for Redis and Redis for the API. And nobody else waits for longer than a millisecond. */
const MOST_TOGETHER = 16;

interface Asked {
  readonly keyCheck: KeyCheck | undefined;
  readonly arguments: readonly ScriptArgument[];
}

export function acceptance(run: Run, settings: RateSettings): Acceptance {
  const rate = [settings.rate_limit_window_ms, settings.rate_limit_requests] as const;
  const together = gather<Asked, AcceptReply>(async (asks) => {
    const digests = [...new Set(asks.flatMap(({ keyCheck }) => keyCheck?.digest ?? []))];
    const placeOf = ({ keyCheck }: Asked): number =>
      keyCheck === undefined ? 0 : 1 + digests.indexOf(keyCheck.digest);
    const messages = asks.flatMap((ask) => [placeOf(ask), ...ask.arguments]);
    const reply = await run("accept", ...rate, digests.length, ...digests, ...messages);
    const [[resetMs, ...turns], ...replies] = reply as AcceptReplies;
    for (const ask of asks) {
      const place = placeOf(ask) - 1;
      const before = turns[place];
      if (before === undefined || before === NOT_HELD) continue;
      turns[place] = before + 1;
      ask.keyCheck?.counted({ used: before + 1, resetMs });
    }
    return replies;
  }, MOST_TOGETHER);
  return {
    async claim({ digest, token }, { fingerprint, messageId, now }) {
      const reply = (await run("claim-key", digest, fingerprint, messageId, token, now)) as [
        Claimed["kind"],
        (string | number)?,
        string?,
      ];
      return readClaimed(reply);
    },
    async accept(message, claim, keyCheck) {
      const asked = { keyCheck, arguments: acceptArguments(message, claim) };
      return readAccepted(await together(asked));
    },
    async storeAnswer(digest, messageId, answer) {
      const kept = await run("store-answer", digest, messageId, JSON.stringify(answer));
      return JSON.parse(String(kept)) as StoredAnswer;
    },
  };
}

const NOT_HELD = -1;

/** Of the window of the rate: ms to its end, and for each key the requests before these. */
type AcceptReplies = [[resetMs: number, ...turns: number[]], ...AcceptReply[]];

type AcceptReply = readonly [
  Accepted["kind"] | "exists" | "broken",
  (number | string)?,
  (string | undefined)?,
];

function acceptArguments(message: NewMessage, claim: AcceptClaim | undefined): ScriptArgument[] {
  const fixed = [
    message.id,
    message.deviceId,
    message.recipient,
    JSON.stringify(message.content),
    message.priority,
    message.keyId,
    message.at,
  ];
  const parts: ScriptArgument[] = [];
  // Most messages have few of them, and each argument costs.
  const add = (name: string, value: ScriptArgument | undefined): void => {
    if (value !== undefined) parts.push(name, value);
  };
  add("request", message.requestId);
  add("ref", message.clientRef);
  add("metadata", json(message.metadata));
  add("quiet", json(message.quietHours));
  add("media", carriedOf(message.content));
  add("send_at", message.sendAt);
  add("expires_at", message.expiresAt);
  add("sync_until", message.syncUntil);
  add("pool", message.pooled?.poolId);
  add("stick", message.pooled?.stick);
  add("living", message.pooled?.living === true ? 1 : undefined);
  add("digest", claim?.digest);
  add("token", claim?.token);
  add("fingerprint", claim?.fingerprint);
  add("answer", json(claim?.answer));
  return [...fixed, parts.length / 2, ...parts];
}

/** What must be at WhatsApp before the message can go. */
function carriedOf(content: MessageContent): string | undefined {
  const carried = carriedBy(content);
  return carried === undefined ? undefined : carriedText(carried);
}

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function readAccepted([kind, value, more]: AcceptReply): Accepted {
  switch (kind) {
    case "reused":
    case "no-device":
    case "suppressed":
    case "unadmitted":
      return { kind };
    case "full":
    case "over-rate":
    case "in-progress":
      return { kind, retryAfterMs: Number(value) };
    case "joined":
      return { kind, messageId: value as MessageId, ...readAnswer(more) };
    case "accepted":
    case "exists": {
      const accepted = { kind: "accepted", messageId: more as MessageId } as const;
      return Number(value) > 0 ? { ...accepted, feed: Number(value) } : accepted;
    }
    case "broken":
      throw new Error(String(value));
  }
}

function readAnswer(text: string | undefined): { readonly answer?: StoredAnswer } {
  return text === undefined || text === "" ? {} : { answer: JSON.parse(text) as StoredAnswer };
}

function readClaimed(reply: [Claimed["kind"], (string | number)?, string?]): Claimed {
  const [kind, value, answer] = reply;
  switch (kind) {
    case "claimed":
      return { kind, messageId: value as MessageId };
    case "in-progress":
      return { kind, retryAfterMs: Number(value) };
    case "accepted":
      return { kind, messageId: value as MessageId, ...readAnswer(answer) };
    case "reused":
      return { kind };
  }
}
