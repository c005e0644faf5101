import {
  DEVICE_STATES,
  type DeviceState,
  type ErrorCode,
  MESSAGE_STATUSES,
  type MessageStatus,
} from "@pombo/domain";
import { z } from "zod";
import { errorCode } from "./error-code.ts";

/** Every type of event, by subject. `device.*` is a state that was entered, `message.*` a status or what came in. */
export const EVENT_TYPES = [
  ...MESSAGE_STATUSES.map((status) => `message.${status}` as const),
  "message.received",
  ...DEVICE_STATES.map((state) => `device.${state}` as const),
  "device.deleted",
  "batch.accepted",
  "batch.ready",
  "batch.running",
  "batch.paused",
  "batch.resumed",
  "batch.progress",
  "batch.expired",
  "batch.completed",
  "batch.canceled",
  "batch.abandoned",
  "lane.blocked",
  "lane.unblocked",
  "contact.erased",
  "suppression.added",
  "suppression.removed",
  "webhook.disabled",
  "webhook.parked",
  "webhook.test",
] as const;

/** A type, all types of a subject, or all types. */
export const EVENT_FILTERS: readonly string[] = [
  "*",
  ...new Set(EVENT_TYPES.map((type) => `${subjectOf(type)}.*`)),
  ...EVENT_TYPES,
];

/** An entry of the event log, or a live event: ids, enums and numbers; empty text for what does not apply. */
export interface LoggedEvent {
  readonly cursor: string;
  readonly type: string;
  readonly message: string;
  readonly device: string;
  readonly version: number | string;
  /** ms since the epoch */
  readonly at: number | string;
  readonly attempt: string;
  readonly code: string;
  /** What only events of this type have: a JSON object, shown as it is. */
  readonly more?: string;
}

const time = z.iso.datetime();

/** An event as it is told: by webhooks, by server-sent events and by `GET /v1/events`. */
export const eventBody = z
  .object({
    type: z.string().meta({ description: "New types may come.", example: "message.sent" }),
    timestamp: time,
    data: z
      .looseObject({
        cursor: z.string().meta({ description: "Its place in the event log." }),
        device_id: z.string().optional(),
        message_id: z.string().optional(),
        status: z.enum(MESSAGE_STATUSES).optional(),
        state: z.enum([...DEVICE_STATES, "deleted"]).optional(),
        status_version: z.int().meta({
          description: "Only grows for its message or device: it tells which of two is newer.",
        }),
        attempt: z.int().optional(),
        error_code: errorCode.optional(),
      })
      .meta({ description: "Events of some types have further fields." }),
  })
  .meta({ id: "Event" });

export type EventBody = z.output<typeof eventBody>;

const STATUSES: ReadonlySet<string> = new Set(MESSAGE_STATUSES);
const STATES: ReadonlySet<string> = new Set([...DEVICE_STATES, "deleted"]);

/** The one rendering of an event; pure, so that the same entry reads the same wherever and however often it is told. */
export function renderEvent(entry: LoggedEvent): EventBody {
  const { cursor, type, message, device, attempt, code, more } = entry;
  const [subject, word = ""] = type.split(".", 2);
  return {
    type,
    timestamp: new Date(Number(entry.at)).toISOString(),
    data: {
      ...(more === undefined || more === "" ? {} : (JSON.parse(more) as Record<string, unknown>)),
      cursor,
      ...(device === "" ? {} : { device_id: device }),
      ...(message === "" ? {} : { message_id: message }),
      ...(subject === "message" && STATUSES.has(word) ? { status: word as MessageStatus } : {}),
      ...(subject === "device" && STATES.has(word) ? { state: word as DeviceState } : {}),
      status_version: Number(entry.version),
      ...(attempt === "" ? {} : { attempt: Number(attempt) }),
      ...(code === "" ? {} : { error_code: code as ErrorCode }),
    },
  };
}

/** An entry of the stream as Redis gives it: its id, and names and values in turn. */
export function readLogEntry([cursor, flat]: readonly [string, readonly string[]]): LoggedEvent {
  const fields = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) fields.set(flat[at] ?? "", flat[at + 1] ?? "");
  const text = (name: string): string => fields.get(name) ?? "";
  const more = fields.get("more");
  return {
    cursor,
    type: text("type"),
    message: text("message"),
    device: text("device"),
    version: text("version"),
    at: text("at"),
    attempt: text("attempt"),
    code: text("code"),
    ...(more === undefined ? {} : { more }),
  };
}

/** What somebody wants to hear of. */
export interface EventInterest {
  /** As {@link EVENT_FILTERS}. */
  readonly events: readonly string[];
  readonly devices: "*" | readonly string[];
}

/** Events that belong to no device are for those who may see all devices. */
export function isWanted(
  { type, device }: Pick<LoggedEvent, "type" | "device">,
  { events, devices }: EventInterest,
): boolean {
  if (devices !== "*" && !devices.includes(device)) return false;
  return events.some(
    (wanted) => wanted === "*" || wanted === type || wanted === `${subjectOf(type)}.*`,
  );
}

function subjectOf(type: string): string {
  return type.slice(0, type.indexOf("."));
}
