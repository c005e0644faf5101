import { type DeviceId, type InboundMessage, readKeywords } from "@pombo/domain";
import { expect, test } from "vitest";
import { followInbound } from "./follow-inbound.ts";
import { createPlaces } from "./places.ts";

const ANA = "5511900000002";

test.each<{ readonly says: string; readonly over: Partial<InboundMessage>; readonly out: boolean }>(
  [
    { says: "a keyword", over: { text: " Sair " }, out: true },
    { says: "a sentence with a keyword", over: { text: "sair daqui" }, out: false },
    { says: "a keyword in a group", over: { text: "sair", chat: "1203630@g.us" }, out: false },
    { says: "a caption", over: { text: "sair", kind: "image" }, out: false },
    { says: "nothing", over: {}, out: false },
  ],
)("$says opts out: $out", async ({ over, out }) => {
  const seen: unknown[] = [];
  const inbox = followInbound("dev_1" as DeviceId, {
    ledger: {
      receive: (_device, _message, _now, how) => {
        seen.push(how?.optsOut);
        return Promise.resolve(true);
      },
    },
    optOutKeywords: readKeywords("SAIR"),
    places: createPlaces(10),
    againMs: 1,
    now: () => 1,
    onRefused: (error) => seen.push(error),
    onError: (error) => seen.push(error),
  });
  inbox.follow({ id: "A1", chat: ANA, from: ANA, at: 1, kind: "text", ...over });
  await inbox.settled();
  expect(seen).toEqual([out]);
});

/** A ledger that refuses the next so many writes. */
function refusing({ most = 10, againMs = 1 } = {}) {
  const written: string[] = [];
  const told = { refused: 0, lost: 0 };
  let refusals = 0;
  const inbox = followInbound("dev_1" as DeviceId, {
    ledger: {
      async receive(_device, { id }) {
        refusals -= 1;
        if (refusals >= 0) throw new Error("OOM command not allowed, on @user_script:12.");
        written.push(id);
        return true;
      },
    },
    optOutKeywords: [],
    places: createPlaces(most),
    againMs,
    now: () => 1,
    onRefused: () => (told.refused += 1),
    onError: () => (told.lost += 1),
  });
  const follow = (id: string) =>
    inbox.follow({ id, chat: ANA, from: ANA, at: 1, kind: "text", text: "hello" });
  return { inbox, written, told, follow, refuse: (times: number) => void (refusals = times) };
}

test("what Redis refuses is written once Redis takes it, in its order", async () => {
  const { inbox, written, told, follow, refuse } = refusing();
  refuse(3);
  for (const id of ["A1", "A2", "A3"]) follow(id);
  await inbox.settled();
  expect(written).toEqual(["A1", "A2", "A3"]);
  expect(told).toEqual({ refused: 3, lost: 0 });
});

test("while Redis refuses, so much is kept and no more; a device that is let go tries once more", async () => {
  const { inbox, written, told, follow, refuse } = refusing({ most: 2, againMs: 60_000 });
  for (const id of ["A1", "A2", "A3"]) follow(id);
  await inbox.settled();
  refuse(2);
  follow("B1");
  await expect.poll(() => told.refused).toBe(1);
  for (const id of ["B2", "B3"]) follow(id);
  expect(told.lost).toBe(1);
  inbox.hurry();
  await inbox.settled();
  expect(told.lost).toBe(2);
  expect(written).toEqual(["A1", "A2", "A3", "B2"]);
});
