import { expect, test } from "vitest";
import { judgeSettings } from "./judge-settings.ts";
import { DEFAULT_SETTINGS, type Settings } from "./settings.ts";

function faults(changed: Partial<Settings>): string[] {
  return judgeSettings({ ...DEFAULT_SETTINGS, ...changed }).map(({ says }) => says);
}

test("the defaults are sound", () => {
  expect(faults({})).toEqual([]);
});

test("what tests shorten is sound too", () => {
  const quick = { lease_ttl_ms: 6_000, lease_renew_ms: 1_000, sweep_ms: 200, hold_ms: 1_500 };
  expect(faults({ ...quick, recipient_known_ms: 0, reconcile_grace_ms: 0 })).toEqual([]);
});

test.each<[Partial<Settings>, RegExp]>([
  [{ lease_renew_ms: 12_000 }, /lease_renew_ms \(12000\) must be less than lease_ttl_ms less/],
  [{ lease_margin_ms: 15_000 }, /lease_margin_ms \(15000\) must be less than lease_ttl_ms/],
  [{ sweep_ms: 6_000 }, /sweep_ms \(6000\) must be less than worker_ttl_ms/],
  [{ reconnect_base_ms: 90_000 }, /reconnect_base_ms \(90000\) must not be more than/],
  [{ deaths_alone: 3 }, /deaths_alone \(3\) must be less than deaths_poisoned/],
  [{ memory_intake_percent: 95 }, /memory_intake_percent \(95\) must not be more than/],
  [{ memory_redrive_percent: 101 }, /memory_redrive_percent is 101: above 100/],
  [{ webhook_timeout_ms: 15_000 }, /webhook_timeout_ms \(15000\) must be less than/],
  [{ sweep_ms: 0 }, /sweep_ms is 0: below 1/],
  [{ window_size: 0 }, /window_size is 0/],
  [{ keep_alive_ms: 2_147_483_648 }, /keep_alive_ms is 2147483648: longer than a timer can wait/],
  [{ opt_out_spares_otp: 2 }, /opt_out_spares_otp is 2: above 1/],
])("%j is found", (changed, says) => {
  expect(faults(changed).join("\n")).toMatch(says);
});

test("an age may be longer than a timer", () => {
  expect(faults({ letter_kept_ms: 90 * 86_400_000 })).toEqual([]);
});
