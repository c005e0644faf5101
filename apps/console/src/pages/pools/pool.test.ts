import { expect, test } from "vitest";
import {
  canSend,
  changesOf,
  found,
  type Member,
  membersOf,
  movedUp,
  namesOf,
  NEW_POOL,
  poolRole,
  poolState,
  poolsVerdict,
  poolVerdict,
  wrongPool,
} from "./pool.ts";

const member = (name: string, state: Member["state"] = "connected", paused = false): Member => ({
  device_id: `dev_${name}`,
  name,
  state,
  lane: { paused, waiting: 0 },
});
const [one, two] = [member("one"), member("two")];
const away = member("away", "disconnected");
const paused = member("paused", "connected", true);

test.each<[readonly Member[], string, RegExp, ReturnType<typeof poolRole>]>([
  [[one], "Can send", /^Its device can send\.$/, "moving"],
  [[one, member("two", "restricted")], "Can send", /^All 2 devices can send\.$/, "moving"],
  [
    [one, away, paused],
    "1 of 3 can send",
    /^1 of 3 devices can send; not away \(disconnected\), paused \(paused\)\.$/,
    "waiting",
  ],
  [[away], "Can’t send", /^None of its devices can send: away \(disconnected\)\. Its/, "needs-you"],
  [[], "No device", /no device any more/, "needs-you"],
])("%j reads as %s", (members, state, says, role) => {
  expect(poolState(members)).toBe(state);
  expect(poolVerdict(members)).toMatch(says);
  expect(poolRole(members)).toBe(role);
});

test("of many devices that can't send three are named", () => {
  const many = Array.from({ length: 5 }, (_, index) => member(`d${index}`, "logged_out"));
  expect(poolVerdict([one, ...many])).toBe(
    "1 of 6 devices can send; not d0 (logged out), d1 (logged out), d2 (logged out), and 2 more.",
  );
});

test("a row names the first devices and counts the others", () => {
  const many = Array.from({ length: 5 }, (_, index) => member(`d${index}`));
  expect(namesOf([])).toBe("–");
  expect(namesOf([one, two])).toBe("one, two");
  expect(namesOf(many)).toBe("d0, d1, d2, and 2 more");
});

test("the list answers for all pools", () => {
  expect(poolsVerdict([[one]])).toBe("The pool can send.");
  expect(poolsVerdict([[one, away]])).toBe("The pool can send, but not from all its devices.");
  expect(poolsVerdict([[one], [two]])).toBe("All 2 pools can send.");
  expect(poolsVerdict([[one], [two, away]])).toBe(
    "2 pools, and each can send; 1 not from all devices.",
  );
  expect(poolsVerdict([[one], [away], []])).toBe("2 of 3 pools can’t send.");
});

test("a pool's devices stand in its order, and what is not known is left out", () => {
  const devices = ["dev_two", "dev_gone", "dev_one"];
  expect(membersOf({ devices }, [one, away, two])).toEqual([two, one]);
  expect(canSend({ ...one, lane: undefined })).toBe(true);
});

test.each([
  [{ name: "  " }, /name/],
  [{ name: "x".repeat(101) }, /100/],
  [{ devices: [] }, /at least one device/],
])("%j is refused", (over, says) => {
  const right = { ...NEW_POOL, name: "sales", devices: ["dev_one"] };
  expect(wrongPool(right)).toBeUndefined();
  expect(wrongPool({ ...right, ...over })).toMatch(says);
});

test("a change says what is new and nothing else; the order of devices is a change", () => {
  const before = { name: "sales", strategy: "balanced", devices: ["a", "b"] } as const;
  expect(changesOf(before, { ...before, name: " sales " })).toEqual({});
  expect(changesOf(before, { ...before, name: "support", strategy: "in_order" })).toEqual({
    name: "support",
    strategy: "in_order",
  });
  expect(changesOf(before, { ...before, devices: ["b", "a"] })).toEqual({ devices: ["b", "a"] });
});

test("a device moves up place by place, and not beyond the first", () => {
  expect(movedUp(["a", "b", "c"], "c")).toEqual(["a", "c", "b"]);
  expect(movedUp(["a", "b"], "a")).toEqual(["a", "b"]);
  expect(movedUp(["a", "b"], "z")).toEqual(["a", "b"]);
});

test("devices are found by a part of their name or id", () => {
  expect(found([one, two, away], "ON")).toEqual([one]);
  expect(found([one, two], "dev_t")).toEqual([two]);
  expect(found([one, two], " ")).toEqual([one, two]);
});
