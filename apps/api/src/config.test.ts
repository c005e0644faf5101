import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const REDIS = { POMBO_REDIS_URL: "redis://127.0.0.1:6379/2" };

test("only the Redis must be named; the rest has defaults", () => {
  expect(readConfig(REDIS)).toMatchObject({
    kind: "config",
    config: {
      redisUrl: REDIS.POMBO_REDIS_URL,
      host: "127.0.0.1",
      port: 3000,
      cell: "c0",
      env: "production",
      settings: { text_limit_chars: 4_096 },
    },
  });
});

test.each(["rediss://u:p@redis.example:6380", "redis+sentinel://:p@a:26379,b:26379/main"])(
  "the Redis %s may be named, as to every process",
  (url) => {
    expect(readConfig({ POMBO_REDIS_URL: url })).toMatchObject({ config: { redisUrl: url } });
  },
);

test.each([
  ["POMBO_REDIS_URL", ""],
  ["POMBO_REDIS_URL", "redis://"],
  ["POMBO_REDIS_URL", "redis+sentinel://a:26379"],
  ["POMBO_REDIS_URL", "http://127.0.0.1"],
  ["POMBO_PORT", "65536"],
  ["POMBO_PORT", "http"],
  ["POMBO_CELL", "cell"],
  ["POMBO_ENV", "staging"],
  ["POMBO_TEXT_LIMIT_CHARS", "many"],
  ["POMBO_API_FAULT_POINT", "nowhere"],
  ["POMBO_SANDBOX_CONTROL_URL", "http://simulator.example:4000"],
  ["POMBO_SANDBOX_CONTROL_URL", "http://127.0.0.1.example:4000"],
  ["POMBO_SANDBOX_CONTROL_URL", "https://127.0.0.1:4000"],
  ["POMBO_CORS_ORIGINS", "*"],
  ["POMBO_CORS_ORIGINS", "https://app.example/"],
])("%s=%s is refused by its name", (name, value) => {
  const read = readConfig({ ...REDIS, [name]: value });
  expect(read).toMatchObject({ kind: "refused", reason: expect.stringContaining(name) });
});

test("origins stand with commas between", () => {
  const read = readConfig({
    ...REDIS,
    POMBO_CORS_ORIGINS: "https://a.example, http://b.example:81",
  });
  const corsOrigins = ["https://a.example", "http://b.example:81"];
  expect(read).toMatchObject({ kind: "config", config: { corsOrigins } });
});
