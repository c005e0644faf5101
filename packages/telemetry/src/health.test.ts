import { expect, test } from "vitest";
import { openHealth, sayHealth } from "./health.ts";

const well = { away: "away", look: () => Promise.resolve(undefined) };

test("a look that fails or never ends counts as what is away; all that is wrong is said", async () => {
  const health = openHealth({
    waitMs: 5,
    checks: {
      redis: { away: "Redis is away", look: () => Promise.reject(new Error("secret")) },
      disk: { away: "the disk hangs", look: () => new Promise(() => undefined) },
      clock: well,
    },
  });
  health.started();
  const seen = await health.look();
  expect(seen).toEqual({
    status: "unwell",
    checks: { redis: "Redis is away", disk: "the disk hangs", clock: "ok" },
  });
  expect(sayHealth(seen)).toBe("Redis is away; the disk hangs");
});

test("who asks during a look shares it; a drain during a look wins", async () => {
  let looks = 0;
  const answer = Promise.withResolvers<undefined>();
  const look = (): Promise<undefined> => ((looks += 1), answer.promise);
  const health = openHealth({ checks: { redis: { away: "", look } }, waitMs: 10_000 });
  health.started();
  const both = [health.look(), health.look()];
  health.drain();
  answer.resolve(undefined);
  expect(await Promise.all(both)).toEqual([
    { status: "draining", checks: {} },
    { status: "draining", checks: {} },
  ]);
  expect(looks).toBe(1);
});
