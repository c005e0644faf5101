import type { SandboxLogBody, SandboxMessageBody, SandboxPhoneBody } from "@pombo/contract";
import { instant } from "../answer.ts";
import { fieldsOf, listOf, nullableText, nullableWhole, textOf } from "./fields.ts";

/** What the simulator shows, in our words. Of media the facts, never the keys. */

export function phoneOf(value: unknown): Omit<SandboxPhoneBody, "success"> {
  const fields = fieldsOf(value);
  const settings = fieldsOf(fields["settings"]);
  const until = nullableWhole(settings["restricted_until"]) ?? 0;
  return {
    phone: textOf(fields["number"]),
    on_whatsapp: settings["on_whatsapp"] !== false,
    delivery_receipts: settings["delivery_receipts"] !== false,
    read_receipts: settings["read_receipts"] !== false,
    passkey: settings["passkey"] === true,
    restricted_until: until === 0 ? null : instant(until * 1_000),
    devices: listOf(fields["devices"]).map(textOf),
    messages: nullableWhole(fields["messages"]) ?? 0,
    last_message: fields["last"] === null ? null : messageOf(fields["last"]),
  };
}

export function chatOf(value: unknown) {
  const fields = fieldsOf(value);
  return {
    chat: textOf(fields["chat"]),
    messages: nullableWhole(fields["messages"]) ?? 0,
    last_message: messageOf(fields["last"]),
  };
}

export function messageOf(value: unknown): SandboxMessageBody {
  const fields = fieldsOf(value);
  const poll = fieldsOf(fields["poll"]);
  return {
    message_id: textOf(fields["id"]),
    from: textOf(fields["from"]),
    to: textOf(fields["to"]),
    type: textOf(fields["type"]),
    text: textOf(fields["text"]),
    arrivals: nullableWhole(fields["copies"]) ?? 1,
    received_at: textOf(fields["received_at"]),
    read_at: nullableText(fields["read_at"]),
    quoted: nullableText(fields["quoted"]),
    target: nullableText(fields["target"]),
    deleted: typeof fields["revoked_by"] === "string",
    edits: listOf(fields["edits"]).map((edit) => ({
      text: textOf(fieldsOf(edit)["text"]),
      at: textOf(fieldsOf(edit)["at"]),
    })),
    reactions: Object.fromEntries(
      Object.entries(fieldsOf(fields["reactions"])).map(([number, emoji]) => [
        number,
        textOf(emoji),
      ]),
    ),
    media: mediaOf(fields["media"]),
    options: listOf(poll["options"]).map(textOf),
  };
}

function mediaOf(value: unknown): SandboxMessageBody["media"] {
  if (value === undefined) return null;
  const { mime_type: type, size, file_name: name } = fieldsOf(value);
  return {
    mime_type: textOf(type),
    bytes: nullableWhole(size) ?? 0,
    file_name: nullableText(name),
  };
}

export function logEntryOf(value: unknown): SandboxLogBody["entries"][number] {
  const fields = fieldsOf(value);
  return {
    seq: nullableWhole(fields["seq"]) ?? 0,
    at: textOf(fields["at"]),
    kind: textOf(fields["kind"]),
    phone: nullableText(fields["device"]),
    message_id: nullableText(fields["id"]),
    from: nullableText(fields["from"]),
    to: nullableText(fields["to"]),
    type: nullableText(fields["type"]),
    code: nullableWhole(fields["error"]) ?? nullableWhole(fields["reason"]),
    detail: nullableText(fields["reason"]),
    repeated: fields["repeated"] === true,
  };
}
