import { type DeviceId, type InboundMessage, readKeywords } from "@pombo/domain";
import { expect, test } from "vitest";
import { followInbound } from "./follow-inbound.ts";

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
    now: () => 1,
    onError: (error) => seen.push(error),
  });
  inbox.follow({ id: "A1", chat: ANA, from: ANA, at: 1, kind: "text", ...over });
  await inbox.settled();
  expect(seen).toEqual([out]);
});
