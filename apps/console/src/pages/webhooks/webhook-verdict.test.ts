import { expect, test } from "vitest";
import {
  answerText,
  redeliveredAll,
  redeliveredOne,
  sinceOf,
  urgencyOf,
  webhooksVerdict,
  webhookVerdict,
} from "./webhook-verdict.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");
type Told = Parameters<typeof webhookVerdict>[0];
const webhook = (over: Partial<Told> = {}): Told => ({
  state: "enabled",
  reason: null,
  circuit: { state: "closed", failures: 0, open_until: null },
  deliveries: { open: 0, retrying: 0, parked: 0 },
  gap: null,
  ...over,
});
const open = { state: "open", failures: 5, open_until: "2030-01-31T12:02:00Z" } as const;

test.each<[Partial<Told>, RegExp, ReturnType<typeof urgencyOf>]>([
  [{}, /^It gets everything\.$/, "moving"],
  [{ state: "disabled", reason: "requested" }, /switched off/, "waiting"],
  [{ state: "disabled", reason: "gone" }, /answered 410/, "needs-you"],
  [{ state: "parked", reason: "behind" }, /so far behind/, "needs-you"],
  [{ circuit: open }, /failed 5 times in a row.*next try is in 2 min\.$/, "waiting"],
  [
    { circuit: open, deliveries: { open: 3, retrying: 3, parked: 2 } },
    /2 deliveries are parked/,
    "needs-you",
  ],
  [
    { deliveries: { open: 1, retrying: 1, parked: 0 } },
    /1 delivery failed and is tried/,
    "waiting",
  ],
  [{ deliveries: { open: 0, retrying: 0, parked: 1 } }, /Not everything arrived/, "needs-you"],
  [{ gap: { from_cursor: "1-0", to_cursor: "2-0" } }, /events of a gap/, "moving"],
])("%j reads as %s", (over, says, urgency) => {
  expect(webhookVerdict(webhook(over), NOW)).toMatch(says);
  expect(urgencyOf(webhook(over))).toBe(urgency);
});

test("the list answers for all", () => {
  const parked = webhook({ deliveries: { open: 0, retrying: 0, parked: 1 } });
  const waits = webhook({ circuit: open });
  expect(webhooksVerdict([])).toMatch(/nobody is told/);
  expect(webhooksVerdict([webhook()])).toBe("The webhook gets everything.");
  expect(webhooksVerdict([webhook(), webhook()])).toBe("All 2 webhooks get everything.");
  expect(webhooksVerdict([webhook(), waits])).toBe("1 of 2 webhooks waits; nothing is lost.");
  expect(webhooksVerdict([webhook(), waits, parked])).toMatch(/^1 of 3 webhooks does not get/);
});

test("an answer is its status, or why there was none; a time is counted back", () => {
  expect(answerText({ http_status: 503, error: null })).toBe("503");
  expect(answerText({ http_status: null, error: "refused_address" })).toBe("refused address");
  expect(answerText({ http_status: null, error: null })).toBe("–");
  expect(sinceOf("24", NOW)).toBe("2030-01-30T12:00:00.000Z");
});

test("what goes again is on its way only where the webhook is enabled", () => {
  expect(redeliveredOne({ webhook_state: "enabled" })).toMatch(/^It is on its way again/);
  for (const webhook_state of ["disabled", "parked"] as const)
    expect(redeliveredOne({ webhook_state })).toMatch(
      /^It waits.* until the webhook is resumed\.$/,
    );
  const all = (over: Partial<Parameters<typeof redeliveredAll>[0]>) =>
    redeliveredAll({ webhook_state: "enabled", opened: 2, left: 0, ...over });
  expect(all({})).toBe("2 deliveries on the way.");
  expect(all({ opened: 1, webhook_state: "disabled" })).toBe(
    "1 delivery waits until the webhook is resumed.",
  );
  expect(all({ left: 1 })).toMatch(/^2 deliveries on the way\. 1 delivery is still parked/);
});
