import { expect, test } from "vitest";
import { type ChangeTarget, judgeChange, refusalOf, type TargetChange } from "./change-target.ts";
import { DEFAULT_SETTINGS } from "./settings.ts";

const NOW = 1_800_000_000_000;
const SENT: ChangeTarget = {
  kind: "text",
  status: "delivered",
  mayHaveLeft: false,
  sentAt: NOW - 1_000,
  deleted: false,
  sameIdentity: true,
};
const ask = (change: TargetChange, target: Partial<ChangeTarget>) => {
  const verdict = judgeChange({ ...SENT, ...target }, change, {
    now: NOW,
    settings: DEFAULT_SETTINGS,
  });
  return verdict.kind === "refused" ? verdict.code : verdict.kind;
};
const ago = (ms: number) => ({ sentAt: NOW - ms });
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test.each([
  ["edit", {}, "send"],
  ["delete", {}, "send"],
  ["reaction", {}, "send"],
  ["edit", ago(15 * MINUTE), "send"],
  ["edit", ago(15 * MINUTE + 1), "EDIT_TIME_EXPIRED"],
  ["delete", ago(60 * HOUR), "send"],
  ["delete", ago(60 * HOUR + 1), "DELETE_TIME_EXPIRED"],
  ["reaction", ago(90 * HOUR), "send"],
  ["edit", { status: "queued" }, "in-place"],
  ["delete", { status: "scheduled" }, "in-place"],
  ["reaction", { status: "queued" }, "send"],
  ["delete", { status: "queued", mayHaveLeft: true }, "send"],
  ["delete", { status: "sending" }, "send"],
  ["delete", { status: "unknown", mayHaveLeft: true }, "send"],
  ["delete", { status: "failed", mayHaveLeft: true }, "send"],
  ["delete", { status: "failed" }, "CONFLICT"],
  ["edit", { status: "expired" }, "CONFLICT"],
  ["reaction", { status: "failed" }, "CONFLICT"],
  ["delete", { status: "canceled" }, "MESSAGE_NOT_FOUND"],
  ["edit", { deleted: true }, "MESSAGE_NOT_FOUND"],
  ["delete", { kind: "reaction" }, "CONFLICT"],
  ["edit", { kind: "image" }, "CONFLICT"],
  ["delete", { kind: "image" }, "send"],
  ["delete", { sameIdentity: false }, "CONFLICT"],
] as const)("%s of %j: %s", (change, target, verdict) => {
  expect(ask(change, target)).toBe(verdict);
});

test("only what WhatsApp says of the change itself gets the name of the change", () => {
  expect(refusalOf("delete", "SEND_REJECTED")).toBe("DELETE_FAILED");
  expect(refusalOf("edit", "SEND_FAILED")).toBe("EDIT_FAILED");
  expect(refusalOf("text", "SEND_REJECTED")).toBe("SEND_REJECTED");
  expect(refusalOf("delete", "ACCOUNT_RESTRICTED")).toBe("ACCOUNT_RESTRICTED");
});
