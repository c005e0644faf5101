import type { Output } from "@pombo/sdk";

export type MessageRow = Output<"listMessages">["messages"][number];
type Status = MessageRow["status"];

/** Which messages are looked at: as the address has it; the number comes from the fragment, which no server sees. */
export interface MessageFilter {
  readonly device_id?: string;
  readonly batch_id?: string;
  readonly status?: Status;
  readonly client_ref?: string;
  /** The list begins with what was accepted then. */
  readonly until?: string;
  readonly to?: string;
}

export const STATUSES: readonly Status[] = [
  "scheduled",
  "queued",
  "sending",
  "unknown",
  "sent",
  "delivered",
  "read",
  "played",
  "failed",
  "expired",
  "canceled",
];

type Texts = { readonly [name in string]?: string | undefined };

export function readFilter(search: Texts, hash: string): MessageFilter {
  const { device, batch, client_ref: ref, until } = search;
  const status = STATUSES.find((one) => one === search.status);
  const to = new URLSearchParams(hash.replace(/^#/, "")).get("to");
  return {
    ...(device === undefined ? {} : { device_id: device }),
    ...(batch === undefined ? {} : { batch_id: batch }),
    ...(status === undefined ? {} : { status }),
    ...(ref === undefined ? {} : { client_ref: ref }),
    ...(until === undefined || Number.isNaN(Date.parse(until)) ? {} : { until }),
    ...(to === null || to === "" ? {} : { to }),
  };
}

/** What a time field holds, as an instant; undefined for none. It is told in the time of this place. */
export function instantOfField(text: string): string | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** An instant as a time field holds it: "2030-01-31T14:02", in the time of this place. */
export function fieldOfInstant(instant: string | undefined): string {
  if (instant === undefined) return "";
  const at = new Date(instant);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** WhatsApp may still tell something of it, or we may: its row is asked about while it is seen. */
export function isLively({ status, created_at: at }: MessageRow, now: number): boolean {
  if (UNSETTLED.has(status)) return true;
  return RECEIPTS_TO_COME.has(status) && now - Date.parse(at) < RECEIPTS_AWAITED_MS;
}

const UNSETTLED: ReadonlySet<Status> = new Set(["scheduled", "queued", "sending", "unknown"]);
const RECEIPTS_TO_COME: ReadonlySet<Status> = new Set(["sent", "delivered"]);
const RECEIPTS_AWAITED_MS = 600_000;
