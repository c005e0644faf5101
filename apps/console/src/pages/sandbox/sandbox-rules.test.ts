import { expect, test } from "vitest";
import { bubblesOf, contentOf, onTheWay, type PhoneMessage, type SentMessage } from "./chat.ts";
import { orderOf, scopeOf } from "./fault-order.ts";
import { readPlace, writePlace } from "./place.ts";
import { tellStory } from "./story.ts";

const ANA = "5511900000002";
const DEVICE = "5511900000001";

function arrived(id: string, more: Partial<PhoneMessage> = {}): PhoneMessage {
  return {
    message_id: id,
    from: DEVICE,
    to: ANA,
    type: "text",
    text: "hello",
    arrivals: 1,
    received_at: "2030-01-01T12:00:01.000Z",
    read_at: null,
    quoted: null,
    target: null,
    deleted: false,
    edits: [],
    reactions: {},
    media: null,
    options: [],
    ...more,
  };
}

function sent(id: string, more: Partial<SentMessage> = {}): SentMessage {
  return {
    message_id: id,
    success: true,
    status: "sent",
    status_version: 1,
    device_id: "dev_1",
    chat_jid: `${ANA}@s.whatsapp.net`,
    created_at: "2030-01-01T12:00:00.000Z",
    kind: "text",
    attempts: 1,
    error_code: null,
    client_ref: null,
    batch_id: null,
    blocked_by: null,
    blocked_since: null,
    eta: null,
    ...more,
  };
}

test("a window shows the oldest first, and what is odd about a message", () => {
  const messages = [
    arrived("R", { target: "A", type: "reaction", text: "👍" }),
    arrived("B", { from: ANA, to: DEVICE }),
    arrived("A", { arrivals: 2, received_at: "2030-01-01T12:00:42.000Z" }),
  ];
  const bubbles = bubblesOf(ANA, messages, [sent("A")]);
  expect(bubbles.map(({ message, own }) => [message.message_id, own])).toEqual([
    ["A", false],
    ["B", true],
  ]);
  expect(bubbles[0]?.marks).toEqual([
    "arrived 2 times, shown once",
    "late: 42 s after it was accepted",
  ]);
  expect(bubbles[1]).toMatchObject({ marks: [] });
  expect(bubbles[1]).not.toHaveProperty("sent");
});

test("on its way is what has not arrived and still may", () => {
  const ours = [
    sent("D", { status: "canceled" }),
    sent("C", { status: "queued", blocked_by: "account_hold" }),
    sent("B", { status: "failed" }),
    sent("A"),
  ];
  const waiting = onTheWay([arrived("A")], ours);
  expect(waiting.map(({ message_id: id }) => id)).toEqual(["B", "C"]);
});

test("what has no words says what it is", () => {
  const media = { mime_type: "application/pdf", bytes: 9, file_name: "a.pdf" };
  expect(contentOf(arrived("A", { type: "document", text: "bill", media }))).toBe(
    "[document (a.pdf, 9 bytes)] bill",
  );
  expect(contentOf(arrived("A", { deleted: true }))).toBe("Deleted for everyone");
  const poll = { type: "poll", text: "Tea?", options: ["yes", "no"] };
  expect(contentOf(arrived("A", poll))).toBe("[poll] Tea?: yes / no");
});

test("a 463 reads as one story of Pombo, WhatsApp and the phone", () => {
  const at = (second: number): string => `2030-01-01T12:00:0${second}.000Z`;
  const entry = { from: null, to: null, phone: DEVICE, message_id: "A", detail: null };
  const rows = tellStory(
    {
      blocked_by: "account_hold",
      blocked_since: at(3),
      send_at: null,
      timeline: [
        { status: "queued", at: at(0) },
        { status: "sending", at: at(1), attempt: 1 },
        { status: "queued", at: at(3), error_code: "ACCOUNT_RESTRICTED" },
      ],
    },
    [
      { ...entry, seq: 1, at: at(2), kind: "message", type: "text", code: null, repeated: false },
      { ...entry, seq: 2, at: at(2), kind: "ack", type: null, code: 463, repeated: false },
      { ...entry, seq: 3, at: at(2), kind: "login", type: null, code: null, repeated: false },
    ],
  );
  const told = rows.map(({ by, text }) => `${by}: ${text}`);
  expect(told).toContain("WhatsApp: refused with 463");
  expect(told.indexOf("WhatsApp: refused with 463")).toBe(
    told.indexOf("WhatsApp: the message reached the server") + 1,
  );
  expect(told.at(-1)).toMatch(/^Pombo: waiting/);
  expect(rows.find(({ code }) => code === "ACCOUNT_RESTRICTED")).toMatchObject({ trouble: true });
  expect(told.join()).not.toContain("login");
});

test("the copy on the sender's own phone is told from the message on the recipient's", () => {
  const entry = { at: "2030-01-01T12:00:00.000Z", kind: "shown", message_id: "A", type: "text" };
  const more = { to: ANA, from: DEVICE, code: null, detail: null, repeated: false };
  const rows = tellStory(undefined, [
    { ...entry, ...more, seq: 1, phone: ANA },
    { ...entry, ...more, seq: 2, phone: DEVICE },
  ]);
  expect(rows.map(({ text }) => text)).toEqual(["shows it", "the sender’s own phone keeps a copy"]);
});

test("a trouble is ordered for one phone or for everybody, so often or until it is switched off", () => {
  const kind = { takes: ["to", "account", "seconds"] };
  const wish = { fault: "late_ack", times: "off", only: true, seconds: "30", code: "" } as const;
  const place = { phone: ANA };
  expect(orderOf(wish, kind, place)).toEqual({
    fault: "late_ack",
    times: null,
    to: ANA,
    seconds: 30,
  });
  expect(orderOf({ ...wish, times: "3", only: false, seconds: "" }, kind, place)).toEqual({
    fault: "late_ack",
    times: 3,
  });
  expect(scopeOf({ takes: ["account"] })).toBe("account");
  expect(
    orderOf({ ...wish, fault: "disconnect" }, { takes: ["account"] }, { phone: ANA, chat: DEVICE }),
  ).toEqual({
    fault: "disconnect",
    times: null,
    account: DEVICE,
  });
});

test("the phone in hand stands in the fragment", () => {
  expect(readPlace(writePlace({ phone: ANA, chat: DEVICE }))).toEqual({ phone: ANA, chat: DEVICE });
  expect(readPlace("#5511900000002")).toEqual({ phone: ANA });
  expect(readPlace("#../x")).toEqual({});
  expect(readPlace("#5511900000002/<b>")).toEqual({ phone: ANA });
});
