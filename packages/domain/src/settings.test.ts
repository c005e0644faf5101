import { expect, test } from "vitest";
import { DEFAULT_SETTINGS, readSettings, SETTINGS } from "./settings.ts";

test("a variable overrides its row and nothing else", () => {
  const read = readSettings({ POMBO_ACK_WAIT_MS: "250", POMBO_OTHER: "x" });
  expect(read).toEqual({ kind: "settings", settings: { ...DEFAULT_SETTINGS, ack_wait_ms: 250 } });
});

test("a value that is no whole number is refused by name", () => {
  for (const value of ["-1", "1.5", "ten", "", " 1", "1e3"])
    expect(readSettings({ POMBO_SWEEP_MS: value })).toMatchObject({
      kind: "refused",
      variable: "POMBO_SWEEP_MS",
    });
});

test("every name ends in its unit or is a count", () => {
  for (const name of Object.keys(SETTINGS))
    expect(name).toMatch(
      /_(ms|s|bytes|chars|percent)$|^(window_size|prekeys_(low|full)|feed_lookahead|reconcile_rounds|deaths_(alone|poisoned)|(claim|handover|rebalance)_group|worker_capacity|events_recent|rate_limit_requests|mentions_limit|batch_((json|preview)_rows|gzip_ratio|(draw|drawn|aside|pool_draw)_rows)|media_(fetch_(tries|parallel)|host_parallel|redirects|parallel|begins)|contact_lookups|pools_limit|pool_devices_limit|opt_out_spares_otp|console_sign_in_failures|pace_(cold_)?daily_cap|webhook_(open_limit|in_hand|concurrency|circuit_failures|endpoints_limit|log_entries|parked_limit))$/,
    );
});
