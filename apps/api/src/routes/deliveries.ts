import { randomBytes } from "node:crypto";
import { type DeliveryPageBody, isWanted, readLogEntry, renderEvent } from "@pombo/contract";
import { compareCursors, isCursor } from "@pombo/domain";
import type { DeliveryRecord, EndpointRecord, Ledger } from "@pombo/ledger";
import { webhookId } from "@pombo/queue";
import { type Answer, instant, json, refuse } from "../answer.ts";
import type { Handler } from "../bind-route.ts";
import { instantOrNull } from "../render-message.ts";
import { noWebhook, visibleEndpoint } from "./webhooks.ts";

export interface DeliveriesDeps {
  readonly ledger: Pick<
    Ledger,
    | "findEndpoint"
    | "findEvent"
    | "listDeliveries"
    | "redeliver"
    | "redeliverFailed"
    | "replayEvents"
  >;
  readonly now: () => number;
}

const noDelivery = { code: "NOT_FOUND", detail: "There is no such delivery" } as const;
const expired = {
  code: "CURSOR_EXPIRED",
  detail: "The event log no longer has what is asked for",
} as const;

/** `GET /v1/webhooks/:id/deliveries` */
export function listDeliveries({ ledger }: DeliveriesDeps): Handler<"listDeliveries"> {
  return async ({ params, caller, query }) => {
    const endpoint = await visibleEndpoint(params.id, caller, ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    const limit = Math.max(1, query.limit ?? 100);
    const [before, offset = 0] = query.cursor?.split(".").map(Number) ?? [];
    const found = await ledger.listDeliveries(endpoint.id, {
      parked: query.state === "parked",
      offset,
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    const page = found.slice(0, limit);
    const body: DeliveryPageBody = {
      success: true,
      deliveries: page
        .filter(({ state }) => query.state === undefined || state === query.state)
        .map((delivery) => fieldsOf(endpoint, delivery)),
      next_cursor: found.length > limit ? nextCursor(page, { before, offset }) : null,
    };
    return json(200, body);
  };
}

/** The time of the last one, and how many of that time were shown. */
function nextCursor(
  page: readonly DeliveryRecord[],
  { before, offset }: { readonly before: number | undefined; readonly offset: number },
): string {
  const at = page.at(-1)?.at ?? 0;
  const same = page.filter((delivery) => delivery.at === at).length;
  return `${at}.${same + (at === before ? offset : 0)}`;
}

/** `POST /v1/webhooks/:id/test` */
export function testWebhook({ ledger, now }: DeliveriesDeps): Handler<"testWebhook"> {
  return async ({ params, caller }) => {
    const endpoint = await visibleEndpoint(params.id, caller, ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    const type = "webhook.test";
    const delivery = `test-${randomBytes(8).toString("hex")}`;
    const at = now();
    const event = { cursor: delivery, type, message: "", device: "", version: 1, at };
    const body = JSON.stringify(renderEvent({ ...event, attempt: "", code: "" }));
    await ledger.redeliver(endpoint.id, { delivery, type, body }, at);
    return accepted(endpoint, delivery);
  };
}

/** `POST /v1/webhooks/:id/redeliver` */
export function redeliverWebhook(deps: DeliveriesDeps): Handler<"redeliverWebhook"> {
  return async ({ params, caller, body }) => {
    const endpoint = await visibleEndpoint(params.id, caller, deps.ledger);
    if (endpoint === undefined) return refuse(noWebhook);
    const { delivery_id: id, from_cursor: from = "", to_cursor: to = "" } = body;
    if (body.failed_since !== undefined) return failed(endpoint, body.failed_since, deps);
    if (id === undefined) return replay(endpoint, { from, to }, deps);
    const prefix = webhookId({ endpointId: endpoint.id, delivery: "" });
    return id.startsWith(prefix)
      ? redeliver(endpoint, id.slice(prefix.length), deps)
      : refuse(noDelivery);
  };
}

/** As the event log has it; else as the delivery was kept, which is so while it is open or parked. */
async function redeliver(
  endpoint: EndpointRecord,
  delivery: string,
  { ledger, now }: DeliveriesDeps,
): Promise<Answer> {
  const entry = isCursor(delivery) ? await ledger.findEvent(delivery) : undefined;
  const event = entry === undefined ? undefined : readLogEntry(entry);
  // What it is not to hear of is as if absent; its filter may have been another one when it was told.
  if (event !== undefined && !isWanted(event, { ...endpoint, events: ["*"] }))
    return refuse(noDelivery);
  const given =
    event === undefined
      ? { delivery, type: "" }
      : { delivery, type: event.type, body: JSON.stringify(renderEvent(event)) };
  switch (await ledger.redeliver(endpoint.id, given, now())) {
    case "opened":
      return accepted(endpoint, delivery);
    case "no-endpoint":
      return refuse(noWebhook);
    case "no-body":
      return refuse(isCursor(delivery) ? expired : noDelivery);
  }
}

async function failed(
  { id, state }: EndpointRecord,
  since: number,
  { ledger, now }: DeliveriesDeps,
): Promise<Answer> {
  const told = await ledger.redeliverFailed(id, since, now());
  if (told === undefined) return refuse(noWebhook);
  const answer = { webhook_id: id, delivery_id: null, webhook_state: state };
  return json(202, { success: true, ...answer, ...told });
}

async function replay(
  endpoint: EndpointRecord,
  { from, to }: { readonly from: string; readonly to: string },
  { ledger }: DeliveriesDeps,
): Promise<Answer> {
  if (compareCursors(from, to) > 0) {
    const message = "to_cursor must not stand before from_cursor";
    const validation = [{ field: "to_cursor", message, value: to }];
    return refuse({ code: "VALIDATION_ERROR", validation });
  }
  switch (await ledger.replayEvents(endpoint.id, from, to)) {
    case "begun":
      return accepted(endpoint);
    case "no-endpoint":
      return refuse(noWebhook);
    case "busy":
      return refuse({ code: "CONFLICT", detail: "Another stretch is not done yet" });
    case "expired":
      return refuse(expired);
  }
}

function accepted({ id: endpointId, state }: EndpointRecord, delivery?: string): Answer {
  const id = delivery === undefined ? null : webhookId({ endpointId, delivery });
  const opened = delivery === undefined ? null : 1;
  const answer = { webhook_id: endpointId, delivery_id: id, webhook_state: state };
  return json(202, { success: true, ...answer, opened, left: 0 });
}

function fieldsOf(
  { id: endpointId }: EndpointRecord,
  record: DeliveryRecord,
): DeliveryPageBody["deliveries"][number] {
  const { delivery, type, state, attempts, at, nextAt, status, reason } = record;
  return {
    delivery_id: webhookId({ endpointId, delivery }),
    type,
    state,
    attempts,
    last_change: instant(at),
    next_attempt_at: instantOrNull(nextAt),
    http_status: status ?? null,
    error: reason ?? null,
    duration_ms: record.tookMs ?? null,
    response_excerpt: record.excerpt ?? null,
  };
}
