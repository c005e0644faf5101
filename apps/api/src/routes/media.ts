import { randomBytes } from "node:crypto";
import { isMediaId, mintMediaId, mostMediaBytes, type Settings } from "@pombo/domain";
import type { Ledger, MediaRecord } from "@pombo/ledger";
import { type MediaFacts, type MediaRoom, receive } from "@pombo/media";
import { type Answer, json, refuse } from "../answer.ts";
import { answerOnce } from "../answer-once.ts";
import type { Caller } from "../authenticate.ts";
import type { Call, Handler } from "../bind-route.ts";
import { BrokenFileError } from "../chunks-of.ts";
import type { IdempotencyRecords } from "../idempotency.ts";
import { recordOf, renderMedia, seesMedia } from "../media-record.ts";
import { readFile, type RequestFile } from "../read-file.ts";

export interface MediaDeps {
  readonly ledger: IdempotencyRecords & Pick<Ledger, "dropMedia" | "findMedia" | "keepMedia">;
  readonly media: MediaRoom;
  readonly settings: Settings;
  readonly now: () => number;
}

const absent = { code: "NOT_FOUND", detail: "There is no such media" } as const;

/** `POST /v1/media`: the body as it is, or the file of a form; streamed to the store. */
export function createMedia(deps: MediaDeps): Handler<"createMedia"> {
  return async (call) => {
    const limitBytes = mostMediaBytes(deps.settings);
    const read = await readFile(call.request, { limitBytes, stop: call.client.ended });
    if (read.kind === "refused") return refuse(read.problem);
    const { bytes, declaredType } = read.file;
    const id = mintMediaId(randomBytes(16));
    const received = await receive(
      {
        id,
        body: bytes,
        limitBytes,
        declaredTypes: declaredType === undefined ? [] : [declaredType],
        signal: call.client.gone,
      },
      deps.media,
    ).catch(unlessBroken);
    if (call.client.ended.aborted) {
      if (received.kind === "received") await deps.media.store.remove(received.facts.object);
      return refuse({ code: "INVALID_API_KEY" });
    }
    switch (received.kind) {
      case "too-large":
        return refuse({
          code: "PAYLOAD_TOO_LARGE",
          detail: `The file is too large: ${received.reason}`,
        });
      case "refused":
        return refuse({
          code: "MEDIA_UNACCEPTABLE",
          detail: `The file can't be used: ${received.reason}`,
        });
      case "broken":
        return refuse(broken);
      case "received":
        return keep({ call, file: read.file, facts: received.facts }, deps);
    }
  };
}

const broken = {
  code: "INVALID_REQUEST_FORMAT",
  detail: "The request ended before its file did",
} as const;

/** Whoever left in the middle gets no answer anyway. */
function unlessBroken(error: unknown): { readonly kind: "broken" } {
  const left = error instanceof Error && error.name === "AbortError";
  if (left || error instanceof BrokenFileError) return { kind: "broken" };
  throw error;
}

interface Kept {
  readonly call: Call<"createMedia">;
  readonly file: RequestFile;
  readonly facts: MediaFacts;
}

/** Under an idempotency key the first upload counts: the bytes of a repeat are thrown away again. */
async function keep({ call, file, facts }: Kept, deps: MediaDeps): Promise<Answer> {
  const name = call.query.file_name ?? file.fileName;
  const named = name === undefined ? {} : { fileName: name };
  const { sha256, mimeType } = facts;
  const request = { ...call, body: { sha256, mimeType, ...named } };
  let used = false;
  try {
    const route = "createMedia";
    const id = mintMediaId(randomBytes(16));
    const create = async (taken: typeof id): Promise<Answer> => {
      const mine = recordOf({ id: taken, ...facts, ...named }, call.caller, deps.now());
      const record = await deps.ledger.keepMedia(mine, deps.now());
      used = record.object === mine.object;
      return json(201, renderMedia(record));
    };
    return await answerOnce(request, { route, id, create }, deps);
  } finally {
    if (!used) await deps.media.store.remove(facts.object);
  }
}

/** `GET /v1/media/:id` */
export function getMedia(deps: MediaDeps): Handler<"getMedia"> {
  return async ({ params, caller }) => {
    const record = await visibleMedia(params.id, caller, deps);
    return record === undefined ? refuse(absent) : json(200, renderMedia(record));
  };
}

/** `DELETE /v1/media/:id` */
export function deleteMedia(deps: MediaDeps): Handler<"deleteMedia"> {
  return async ({ params, caller }) => {
    const record = await visibleMedia(params.id, caller, deps);
    const dropped = record === undefined ? undefined : await deps.ledger.dropMedia(record.id);
    if (dropped === undefined) return refuse(absent);
    await deps.media.store.remove(dropped.object);
    return json(200, { success: true, media_id: dropped.id });
  };
}

async function visibleMedia(
  id: string,
  caller: Caller,
  { ledger }: MediaDeps,
): Promise<MediaRecord | undefined> {
  const record = isMediaId(id) ? await ledger.findMedia(id) : undefined;
  return record !== undefined && seesMedia(caller, record) ? record : undefined;
}
