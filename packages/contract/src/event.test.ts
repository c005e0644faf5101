import { expect, test } from "vitest";
import {
  EVENT_FILTERS,
  EVENT_TYPES,
  eventBody,
  isWanted,
  readLogEntry,
  renderEvent,
} from "./event.ts";

const sent = {
  cursor: "1700000000000-0",
  type: "message.sent",
  message: "3EB0A1B2C3D4E5F6A7B8C9",
  device: "dev_0123456789abcdef",
  version: 3,
  at: 1_700_000_000_000,
  attempt: "1",
  code: "",
};

test("a message's event tells its status, version and attempt, and nothing that does not apply", () => {
  expect(renderEvent(sent)).toEqual({
    type: "message.sent",
    timestamp: "2023-11-14T22:13:20.000Z",
    data: {
      cursor: "1700000000000-0",
      device_id: "dev_0123456789abcdef",
      message_id: "3EB0A1B2C3D4E5F6A7B8C9",
      status: "sent",
      status_version: 3,
      attempt: 1,
    },
  });
});

test("a failure has its code; a device's event its state; an event of neither has no subject", () => {
  const failed = renderEvent({ ...sent, type: "message.failed", code: "SEND_REJECTED" });
  expect(failed.data).toMatchObject({ status: "failed", error_code: "SEND_REJECTED" });
  const device = renderEvent({ ...sent, type: "device.connected", message: "", attempt: "" });
  expect(device.data).toEqual({
    cursor: sent.cursor,
    device_id: sent.device,
    state: "connected",
    status_version: 3,
  });
  const none = renderEvent({ ...sent, type: "webhook.test", message: "", device: "", attempt: "" });
  expect(none.data).toEqual({ cursor: sent.cursor, status_version: 3 });
});

test("what only some types have is shown as it is, and can't replace what all have", () => {
  const more = JSON.stringify({ text: "olá", message_id: "another" });
  const received = renderEvent({ ...sent, type: "message.received", more });
  expect(received.data).toMatchObject({ text: "olá", message_id: sent.message });
  expect(received.data).not.toHaveProperty("status");
});

test("an entry of the log reads like the live event", () => {
  const live = { ...sent, version: "3", at: "1700000000000" };
  const { cursor, ...fields } = live;
  const entry = readLogEntry([cursor, Object.entries(fields).flat()]);
  expect(entry).toEqual(live);
  expect(renderEvent(entry)).toEqual(renderEvent(sent));
});

test.each(EVENT_TYPES)("%s is rendered as its schema says", (type) => {
  expect(() => eventBody.parse(renderEvent({ ...sent, type }))).not.toThrow();
});

test("a filter names a type, a subject, or everything", () => {
  const wants = (events: readonly string[]) => isWanted(sent, { events, devices: "*" });
  expect(wants(["message.sent"])).toBe(true);
  expect(wants(["device.*", "message.*"])).toBe(true);
  expect(wants(["*"])).toBe(true);
  expect(wants(["message.failed", "device.*", "message.sen"])).toBe(false);
  expect(wants([])).toBe(false);
  expect(EVENT_FILTERS).toContain("webhook.*");
});

test("who may see certain devices hears of these only, and of nothing that belongs to none", () => {
  const wants = (device: string, devices: "*" | readonly string[]) =>
    isWanted({ ...sent, device }, { events: ["*"], devices });
  expect(wants(sent.device, [sent.device])).toBe(true);
  expect(wants(sent.device, ["dev_other0000"])).toBe(false);
  expect(wants("", [sent.device])).toBe(false);
  expect(wants("", "*")).toBe(true);
});
