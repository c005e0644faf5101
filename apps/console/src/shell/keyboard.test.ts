import { expect, test } from "vitest";
import { judgeKey } from "./keyboard.ts";

const names = ["/", "?", "g o", "g d", "j"];

test("a key alone runs, a first key waits for its second, and not for long", () => {
  expect(judgeKey("j", { at: 0, names })).toEqual({ kind: "runs", name: "j" });
  const pending = { key: "g", at: 0 };
  expect(judgeKey("g", { at: 0, names })).toEqual({ kind: "waits", pending });
  expect(judgeKey("d", { pending, at: 900, names })).toEqual({ kind: "runs", name: "g d" });
  expect(judgeKey("d", { pending, at: 2_000, names })).toEqual({ kind: "ignored" });
  expect(judgeKey("j", { pending, at: 900, names })).toEqual({ kind: "runs", name: "j" });
  expect(judgeKey("o", { at: 0, names })).toEqual({ kind: "ignored" });
});
