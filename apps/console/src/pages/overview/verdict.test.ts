import { expect, test } from "vitest";
import { type GoneWorker, type Overview, withTick } from "./overview.ts";
import { attentionSays, lossSays, verdictOf } from "./verdict.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");

function seen(over: Partial<Overview>): Overview {
  const empty = {
    at: "2026-01-01T12:00:00Z",
    depth: { total: 0 },
    rates: { over_s: 60, accepted_per_s: 0, acked_per_s: 0, failed_per_s: 0 },
    buckets: [],
    attention: [],
    attention_total: 0,
    devices: { total: 14 },
    workers: [],
    gone_workers: [],
  };
  return { ...empty, ...over } as unknown as Overview;
}

function gone(over: Partial<GoneWorker> = {}): GoneWorker {
  return {
    id: "w2#4f",
    stopped: false,
    seen_at: "2026-01-01T11:59:00Z",
    lanes: 7,
    taken_over: 7,
    takers: [{ id: "w1#a0", devices: 7 }],
    first_taken_at: "2026-01-01T11:59:02Z",
    last_taken_at: "2026-01-01T11:59:03Z",
    ...over,
  };
}

test("whether messages flow, and what needs somebody, are a sentence each", () => {
  expect(verdictOf(seen({}), NOW)).toBe("Nothing is waiting. Nothing needs you.");
  const item = { kind: "hold", size: 3, device_id: "dev_1" };
  const flowing = seen({
    depth: { total: 3 } as Overview["depth"],
    rates: { over_s: 60, accepted_per_s: 5, acked_per_s: 4, failed_per_s: 0 },
    attention: [item, { ...item, device_id: "dev_2" }] as unknown as Overview["attention"],
    attention_total: 2,
  });
  expect(verdictOf(flowing, NOW)).toBe("Messages flow. 2 of 14 devices need you.");
  const stuck = seen({ depth: { total: 1 } as Overview["depth"], attention_total: 3 });
  expect(verdictOf(stuck, NOW)).toBe(
    "1 message waits, and none was acknowledged in the last minute. 3 things need you.",
  );
});

test("a worker that is lost is told as it falls silent, and with who took over", () => {
  const workers = [{ id: "w2#4f", state: "silent", heartbeat_age_ms: 3_100, lanes: 7 }] as const;
  expect(verdictOf(seen({ workers: [...workers] }), NOW)).toContain("Worker w2 does not answer.");
  expect(verdictOf(seen({ gone_workers: [gone()] }), NOW)).toContain(
    "Worker w2 stopped answering; w1 took over its 7 devices in 3 s.",
  );
  expect(lossSays(gone({ takers: [{ id: "w2#b1", devices: 7 }] }))).toBe(
    "Worker w2 stopped answering and took over its 7 devices again in 3 s.",
  );
  const alone = gone({ taken_over: 2, last_taken_at: null, takers: [] });
  expect(lossSays(alone)).toMatch(/^Worker w2 stopped answering at .*; 5 devices wait for another/);
  const idle = gone({ stopped: true, lanes: 0, taken_over: 0, last_taken_at: null, takers: [] });
  expect(lossSays(idle)).toMatch(/^Worker w2 stopped at [0-9:]+; it had no devices\.$/);
  const old = gone({ last_taken_at: "2026-01-01T11:00:00Z" });
  expect(verdictOf(seen({ gone_workers: [old] }), NOW)).not.toContain("w2");
});

test("each thing that needs somebody says what to do about it", () => {
  const item = { since: null, until: null, device_name: null, webhook_id: null, code: null };
  const of = (over: object) =>
    attentionSays({ ...item, size: 2, device_id: null, ...over } as never);
  expect(of({ kind: "hold", device_id: "dev_1" })).toMatchObject({
    role: "waiting",
    action: { label: "Why", href: "/devices/dev_1" },
  });
  expect(of({ kind: "dead_letters_rising", code: "SEND_FAILED" }).action?.href).toBe(
    "/dead-letters?code=SEND_FAILED",
  );
  expect(of({ kind: "blocked_account", device_id: "dev_1" }).role).toBe("needs-you");
});

test("a tick replaces the last steps and leaves the others", () => {
  const bucket = (start: string, accepted: number) =>
    ({ start, accepted }) as Overview["buckets"][number];
  const before = seen({ buckets: [bucket("a", 1), bucket("b", 2)] });
  const tick = seen({ buckets: [bucket("b", 3), bucket("c", 4)] });
  expect(withTick(before, tick).buckets).toEqual([bucket("a", 1), bucket("b", 3), bucket("c", 4)]);
  expect(withTick(undefined, tick)).toBe(tick);
});
