import { expect, test } from "vitest";
import { isViolated, judge } from "./judge.ts";
import { SHORT, SHORT_BATCH } from "./options.ts";
import { runChaos } from "./run-chaos.ts";
import { wrongCounts } from "./upload.ts";

test("killed, stopped, cut and deafened: nothing is lost, doubled, reordered, stuck or called what it is not", async () => {
  const said: string[] = [];
  const { findings } = await runChaos(SHORT, (line) => said.push(line));
  expect(findings.filter(isViolated), said.join("\n")).toEqual([]);
}, 180_000);

test("an upload for a pool, under the same troubles: every row once, and the counts always add up", async () => {
  const said: string[] = [];
  const { findings } = await runChaos(SHORT_BATCH, (line) => said.push(line));
  expect(findings.filter(isViolated), said.join("\n")).toEqual([]);
}, 240_000);

test.each([
  [{ accepted: 3, invalid: 9, duplicate: 0, suppressed: 0, queued: 1, sent: 2 }, undefined],
  [
    { accepted: 3, invalid: 0, duplicate: 0, suppressed: 0, queued: 1, sent: 1 },
    "the counts add up to 2",
  ],
  [{ accepted: 1, invalid: 0, duplicate: 0, suppressed: 0, queued: 1 }, "2 were accepted before"],
])("counts that are wrong are found: %o", (counts, says) => {
  expect(wrongCounts(counts, 2)).toBe(says);
});

const letter = { text: "a #1", device: 0, recipient: "a", at: 0, id: "ID1", tries: 1 };
const after = { ...letter, text: "a #2", id: "ID2" };
const read = ["queued", "sending", "sent", "read"].map((status) => ({ status }));
const stanza = { seq: 1, at: "2026-01-01T00:00:00Z", kind: "message", id: "ID1" };
const ack = { ...stanza, kind: "ack" };
const GOOD = {
  planned: 2,
  accepted: [letter, after],
  odd: [],
  ledger: new Map([
    ["ID1", { status: "read", timeline: read }],
    ["ID2", { status: "read", timeline: read }],
  ]),
  phones: new Map([["a", [letter, after]]]),
  log: [stanza, ack, { ...stanza, id: "ID2" }, { ...ack, id: "ID2" }],
  standstills: [],
};
const violated = (over: Partial<Parameters<typeof judge>[0]>) =>
  judge({ ...GOOD, ...over })
    .filter(isViolated)
    .map(({ what }) => what);

test("the judge finds nothing where nothing is", () => {
  expect(violated({})).toEqual([]);
});

test.each([
  { wrong: "lost", over: { phones: new Map([["a", [letter]]]) } },
  { wrong: "accepted", over: { planned: 3 } },
  {
    wrong: "stuck",
    over: { ledger: new Map([...GOOD.ledger, ["ID1", { status: "unknown", timeline: [] }]]) },
  },
  {
    wrong: "failed",
    over: { ledger: new Map([...GOOD.ledger, ["ID1", { status: "failed", timeline: [] }]]) },
  },
  {
    wrong: "two ids",
    over: { phones: new Map([["a", [letter, { ...letter, id: "ID3" }, after]]]) },
  },
  { wrong: "another id", over: { phones: new Map([["a", [letter, { ...after, id: "ID3" }]]]) } },
  { wrong: "inversions", over: { phones: new Map([["a", [after, letter]]]) } },
  { wrong: "without an ack", over: { log: [stanza] } },
  { wrong: "repeated stanzas", over: { log: [...GOOD.log, stanza] } },
  {
    wrong: "two owners",
    over: { log: [...GOOD.log, { ...stanza, kind: "close", reason: "replaced" }] },
  },
  { wrong: "missed", over: { log: [...GOOD.log, { ...stanza, kind: "dropped", count: 3 }] } },
])("the judge finds: $wrong", ({ wrong, over }) => {
  expect(violated(over).join(", ")).toContain(wrong);
});

test("a repeated stanza after an unknown outcome is as it should be", () => {
  const timeline = [...read, { status: "unknown" }, { status: "sending" }];
  const ledger = new Map([...GOOD.ledger, ["ID1", { status: "read", timeline }]]);
  expect(violated({ ledger, log: [...GOOD.log, stanza] })).toEqual([]);
});
