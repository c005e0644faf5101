import { ENTRANCES, type ErrorCode, type MessageId, type MessageStatus } from "@pombo/domain";
import type { Claim } from "./accept.ts";
import { originList } from "./attempts.ts";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

export type Closed =
  | { readonly kind: "closed" }
  /** It may have left, it is under way, or it was redriven: an error would not be true. */
  | { readonly kind: "refused"; readonly status: MessageStatus; readonly messageId: MessageId };

/** What makes an error answer final: that message will never be sent, and the client's next try is a new one. */
export interface Closing {
  /** A message that ended at this version; afterwards it is no letter and its idempotency key is free. */
  closeMessage(
    id: MessageId,
    told: { readonly version: number; readonly digest?: string; readonly now: number },
  ): Promise<Closed>;
  /** What waits, or whose acceptance has no answer: cancels it (with this code), or keeps it from being accepted later. */
  withdraw(
    id: MessageId,
    told: { readonly claim?: Claim; readonly now: number; readonly code?: ErrorCode },
  ): Promise<Closed | { readonly kind: "claim-lost" }>;
  /** True when a message was accepted under this idempotency key. */
  hasAccepted(digest: string): Promise<boolean>;
}

const ENDS = originList(["failed", "expired", "canceled"]);
const ORIGINS = originList(ENTRANCES.canceled.command);

type Reply = readonly [Closed["kind"], MessageStatus, MessageId?];

function readClosed([kind, status, other]: Reply, messageId: MessageId): Closed {
  return kind === "closed" ? { kind } : { kind, status, messageId: other ?? messageId };
}

export function closing({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}): Closing {
  return {
    async closeMessage(id, { version, digest = "", now }) {
      const reply = await run("close-message", id, version, digest, now, ENDS, ORIGINS, "", "");
      return readClosed(reply as Reply, id);
    },
    async withdraw(id, { claim, now, code = "MESSAGE_CANCELED" }) {
      const { digest, token } = claim ?? { digest: "", token: "" };
      const reply = await run("close-message", id, "", digest, now, ENDS, ORIGINS, token, code);
      const [kind] = reply as [string];
      return kind === "claim-lost" ? { kind } : readClosed(reply as Reply, id);
    },
    async hasAccepted(digest) {
      return (await redis.hget(keys.idempotency(digest), "state")) === "accepted";
    },
  };
}
