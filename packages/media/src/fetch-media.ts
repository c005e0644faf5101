import type { IncomingMessage } from "node:http";
import type { MediaId, MediaKind, Settings } from "@pombo/domain";
import type { MediaRoom } from "./media-room.ts";
import { openUrl, type UrlPolicy } from "./open-url.ts";
import { type MediaFacts, receive, tooLarge } from "./receive.ts";

export interface MediaUrl {
  readonly id: MediaId;
  readonly url: string;
  readonly kind: MediaKind;
  readonly limitBytes: number;
  /** What the sender calls it. */
  readonly mimeType?: string;
}

export interface FetchDeps extends UrlPolicy {
  readonly room: MediaRoom;
  readonly settings: Settings;
}

/** `refused`: the next try would end the same way · `failed`: its host may do better. Reasons are safe to show: they quote nothing. */
export type Fetched =
  | { readonly kind: "fetched"; readonly facts: MediaFacts }
  | { readonly kind: "refused" | "failed"; readonly reason: string };

/**
 * Downloads the media that a URL names: open (address, redirects, status) → length → stream to the disk → type → keep.
 * Rejects only when `signal` is aborted, or when our own store fails.
 */
export async function fetchMedia(
  media: MediaUrl,
  deps: FetchDeps,
  signal: AbortSignal,
): Promise<Fetched> {
  const tooLong = AbortSignal.timeout(deps.settings.media_fetch_ms);
  const either = AbortSignal.any([signal, tooLong]);
  const opened = await openUrl(media.url, deps, either);
  signal.throwIfAborted();
  if (opened.kind !== "opened")
    return tooLong.aborted ? { kind: "failed", reason: OUT_OF_TIME } : opened;
  const { response } = opened;
  try {
    const wrong = checkHead(response, media.limitBytes);
    if (wrong !== undefined) return { kind: "refused", reason: wrong };
    const received = await receive(
      {
        id: media.id,
        body: response,
        limitBytes: media.limitBytes,
        kind: media.kind,
        declaredTypes: [response.headers["content-type"], media.mimeType].filter(
          (type) => type !== undefined,
        ),
        signal: either,
      },
      deps.room,
    );
    return received.kind === "received"
      ? { kind: "fetched", facts: received.facts }
      : { kind: "refused", reason: received.reason };
  } catch (error) {
    signal.throwIfAborted();
    if (tooLong.aborted) return { kind: "failed", reason: OUT_OF_TIME };
    const broken = opened.broken() ?? (response.complete ? undefined : brokenOff(response));
    if (broken === undefined) throw error;
    return { kind: "failed", reason: broken };
  } finally {
    response.destroy();
  }
}

const OUT_OF_TIME = "its download took too long";

function checkHead({ headers }: IncomingMessage, limitBytes: number): string | undefined {
  const encoding = (headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding !== "identity") return "its host answers with an encoding that was not asked for";
  return Number(headers["content-length"] ?? 0) > limitBytes ? tooLarge(limitBytes) : undefined;
}

function brokenOff({ headers }: IncomingMessage): string {
  const declared = headers["content-length"];
  return declared === undefined
    ? "its download broke off"
    : `its download ended before the ${declared} bytes that its host declares`;
}
