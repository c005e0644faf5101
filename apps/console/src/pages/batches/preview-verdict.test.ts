import { expect, test } from "vitest";
import { type Preview, previewVerdict } from "./preview-verdict.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");

function preview(over: Partial<Preview>, speed: Preview["forecast"]["speed"] = "paced"): Preview {
  const finishes = new Date(NOW + 600_000).toISOString();
  return {
    success: true,
    rows: 1_000,
    complete: true,
    accepted: 988,
    invalid: 10,
    duplicate: 1,
    suppressed: 1,
    warm: 0,
    cold: 988,
    on_whatsapp: { yes: 0, no: 0, unknown: 988 },
    forecast: { finishes_at: finishes, unsent: 0, limits: [], speed },
    warnings: [],
    sample: [],
    errors: [],
    ...over,
  };
}

test("a preview says how many go, when that is done, and how many are left out", () => {
  expect(previewVerdict(preview({}), true, NOW)).toBe(
    "988 of 1,000 rows would be sent. Done in 10 min. 12 are left out.",
  );
  expect(previewVerdict(preview({}, "assumed"), false, NOW)).toBe(
    "988 of the first 1,000 rows would be sent. Done in 10 min, at one message a second, which is a guess. 12 are left out.",
  );
  const none = { accepted: 0, invalid: 1_000, duplicate: 0, suppressed: 0 };
  expect(previewVerdict(preview(none), true, NOW)).toBe("None of 1,000 rows would be sent.");
});
