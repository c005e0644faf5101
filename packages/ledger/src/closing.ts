import { ENTRANCES, type MessageId, type MessageStatus } from "@pombo/domain";
import { originList } from "./attempts.ts";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

export type Closed =
  | { readonly kind: "closed" }
  /** It may have left, it is under way, or it was redriven: an error would not be true. */
  | { readonly kind: "refused"; readonly status: MessageStatus };

/** What makes an error answer final: that message will never be sent, and the client's next try is a new one. */
export interface Closing {
  /** A message that ended at this version; afterwards it is no letter and its idempotency key is free. */
  closeMessage(
    id: MessageId,
    told: { readonly version: number; readonly digest?: string; readonly now: number },
  ): Promise<Closed>;
  /** A message whose acceptance has no answer: cancels it, or keeps it from being accepted later. */
  withdraw(
    id: MessageId,
    told: { readonly digest?: string; readonly now: number },
  ): Promise<Closed>;
  /** True when a message was accepted under this idempotency key. */
  hasAccepted(digest: string): Promise<boolean>;
}

const ENDS = originList(["failed", "expired", "canceled"]);

export function closing({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}): Closing {
  async function close(
    id: MessageId,
    told: { readonly version?: number; readonly digest?: string; readonly now: number },
  ): Promise<Closed> {
    const { version = "", digest = "", now } = told;
    const origins = originList(ENTRANCES.canceled.command);
    const reply = await run("close-message", id, version, digest, now, ENDS, origins);
    const [kind, status] = reply as [Closed["kind"], MessageStatus];
    return kind === "closed" ? { kind } : { kind, status };
  }
  return {
    closeMessage: close,
    withdraw: close,
    async hasAccepted(digest) {
      return (await redis.hget(keys.idempotency(digest), "state")) === "accepted";
    },
  };
}
