import type { AcceptedBatchBody, Problem } from "@pombo/contract";
import { mintBatchId, type MessageId } from "@pombo/domain";
import type { BatchRecord, Ledger, NewBatch } from "@pombo/ledger";
import type { Admission } from "../admission.ts";
import { type Answer, json, refuse } from "../answer.ts";
import type { Call, Handler } from "../bind-route.ts";
import { noSuchDevice } from "../grant.ts";
import { claimOf, type IdempotencyRecords, replay } from "../idempotency.ts";
import { openBatchUpload, type OpenedBatchUpload } from "../open-batch-upload.ts";
import { planBatch, type PlanDeps, useFile } from "../plan-batch.ts";
import { randomBytes } from "../random-bytes.ts";
import { type CreatedFor, storeRows, type StoreRowsDeps } from "../store-rows.ts";

export interface CreateBatchDeps extends PlanDeps {
  readonly ledger: IdempotencyRecords &
    PlanDeps["ledger"] &
    StoreRowsDeps["ledger"] &
    Pick<Ledger, "batchErrors" | "claimedBatch" | "createBatch" | "finishUpload" | "steerBatch">;
  readonly admission: Admission;
}

type CreateCall = Call<"createBatch">;

/**
 * `POST /v1/batches`: rows are stored chunk by chunk while they come, so that a client is read no faster than that. What goes wrong before
 * the first chunk leaves nothing behind; later, the same upload under the same Idempotency-Key compares its way to where it stopped.
 */
export function createBatch(deps: CreateBatchDeps): Handler<"createBatch"> {
  return async (call) => {
    const { request, query, client } = call;
    const opened = await openBatchUpload({ request, query, stop: client.stop }, deps.settings);
    if (opened.kind === "refused") return refuse(opened.problem);
    if (opened.kind === "broken") return refuse(brokenOff(call));
    // Awaited here: the upload is closed when this scope ends.
    await using upload = opened;
    return await take(call, upload, deps);
  };
}

async function take(
  call: CreateCall,
  opened: OpenedBatchUpload,
  deps: CreateBatchDeps,
): Promise<Answer> {
  const claim = claimOfBatch(call, opened);
  const stored = await storeRows(
    opened,
    {
      create: () => begin(call, { opened, claim }, deps),
      brokenOff: () => brokenOff(call),
      useFile: (file, goesAt) => useFile(file, { caller: call.caller, goesAt }, deps),
    },
    deps,
  );
  if (stored.kind === "refused") return abandon(stored, call, deps);
  const { batch } = stored;
  const answer = await finish(batch, stored.rows, deps);
  if (claim === undefined || answer.kind === "problem") return answer;
  const { status, headers } = answer;
  const mine = { status, headers, body: answer.body.toString() };
  const id = batch.id as string as MessageId;
  const first = await deps.ledger.storeAnswer(claim.digest, id, mine);
  return batch.uploadedAt === undefined && first.body === mine.body ? answer : replay(first);
}

type BatchClaim = NonNullable<NewBatch["claim"]>;

function claimOfBatch(
  { caller, idempotencyKey }: CreateCall,
  { fingerprint }: OpenedBatchUpload,
): BatchClaim | undefined {
  if (idempotencyKey === undefined) return undefined;
  return { digest: claimOf(caller.keyId, "createBatch", idempotencyKey).digest, fingerprint };
}

interface Begun {
  readonly opened: OpenedBatchUpload;
  readonly claim: BatchClaim | undefined;
}

/** A new batch, or the one that an earlier upload under the same key began. */
async function begin(
  call: CreateCall,
  { opened, claim }: Begun,
  deps: CreateBatchDeps,
): Promise<CreatedFor> {
  const { ledger, now } = deps;
  const earlier = claim === undefined ? undefined : await ledger.claimedBatch(claim.digest);
  const full = earlier === undefined ? await deps.admission.refuse("intake") : undefined;
  if (full !== undefined) return refuseWith(full);
  // What it says of times, and its devices, were judged when it was new.
  const planned = earlier ?? (await planBatch(opened.wanted, call.caller, deps));
  if ("kind" in planned && planned.kind === "refused") return planned;
  const { settings, deviceIds, poolId } = planned;
  const created = await ledger.createBatch({
    id: mintBatchId(randomBytes(6)),
    settings,
    deviceIds,
    ...(poolId === undefined ? {} : { poolId }),
    keyId: call.caller.keyId,
    ...(claim === undefined ? {} : { claim }),
    now: now(),
  });
  if (created.kind === "reused") return refuseWith(OTHER_SETTINGS);
  if (created.kind === "no-device") return refuseWith(noSuchDevice(created.deviceId));
  return { kind: "batch", batch: created.batch };
}

function refuseWith(problem: Problem): { readonly kind: "refused"; readonly problem: Problem } {
  return { kind: "refused", problem };
}

const OTHER_SETTINGS: Problem = {
  code: "IDEMPOTENCY_KEY_REUSED",
  detail: "The Idempotency-Key was used with other settings, or with another header",
};

/** Nobody can send the rest of an upload that had no key, so what it left is ended when its sender is told. */
async function abandon(
  { problem, batchId, goesOn }: Extract<Awaited<ReturnType<typeof storeRows>>, { kind: "refused" }>,
  { idempotencyKey }: CreateCall,
  { ledger, now }: CreateBatchDeps,
): Promise<Answer> {
  if (batchId === undefined) return refuse(problem);
  if (idempotencyKey === undefined && !goesOn) await ledger.steerBatch(batchId, "cancel", now());
  return refuse({ ...problem, batchId });
}

async function finish(
  { id }: BatchRecord,
  rows: number,
  { ledger, now }: CreateBatchDeps,
): Promise<Answer> {
  const finished = await ledger.finishUpload(id, { rows, now: now() });
  switch (finished.kind) {
    case "finished":
      return finished.batch.reason === "rows_refused"
        ? rejected(finished.batch, ledger)
        : json(202, accepted(finished.batch));
    case "differs":
      return refuse({
        code: "IDEMPOTENCY_KEY_REUSED",
        detail: "The Idempotency-Key was used with an upload that has more rows",
        batchId: id,
      });
    case "ended":
      return refuse({
        code: "CONFLICT",
        detail: `The batch has ended meanwhile: it is ${finished.state}`,
        batchId: id,
      });
    case "absent":
      return refuse({ code: "BATCH_NOT_FOUND" });
  }
}

function accepted({ id, state, counts }: BatchRecord): AcceptedBatchBody {
  return {
    success: true,
    batch_id: id,
    accepted: counts.accepted,
    invalid: counts.invalid,
    duplicate: counts.duplicate,
    suppressed: counts.suppressed,
    status: state,
  };
}

const MOST_ENTRIES = 20;

/** `on_invalid=reject`: what the first bad rows are. */
async function rejected(
  { id, refused }: BatchRecord,
  { batchErrors }: Pick<Ledger, "batchErrors">,
): Promise<Answer> {
  const errors = await batchErrors(id, { after: 0, limit: MOST_ENTRIES });
  return refuse({
    code: "VALIDATION_ERROR",
    detail: `${refused} ${refused === 1 ? "row" : "rows"} of the batch can't be sent, so none is: GET /v1/batches/${id}/errors tells them all`,
    validation: errors.map(({ line, field, message, value }) => ({
      field: `line ${line}${field === "" ? "" : `: ${field}`}`,
      message,
      value,
    })),
    batchId: id,
  });
}

/** Why an upload did not come to its end; a client that has left hears nothing of it. */
export function brokenOff({ client }: Pick<CreateCall, "client">): Problem {
  if (client.ended.aborted) return { code: "INVALID_API_KEY" };
  if (client.stop.aborted && !client.gone.aborted) return { code: "SERVICE_UNAVAILABLE" };
  return { code: "INVALID_JSON", detail: "The upload ended before its end: send it again" };
}
