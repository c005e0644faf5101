import { expect, onTestFinished, test } from "vitest";
import { openHealth } from "./health.ts";
import { readMetricsPlace, serveMetrics, type Tellers } from "./serve-metrics.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 } as const;

const WELL = openHealth({ checks: {}, waitMs: 1_000 });

async function serve(metrics: Tellers["metrics"], health: Tellers["health"] = WELL) {
  const server = await serveMetrics(LOOPBACK, { metrics, health });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server.url;
}

test("it serves the metrics, the health, and nothing else", async () => {
  const url = await serve(async () => ({ text: "a 1\n", contentType: "text/plain" }));
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/plain"]);
  expect(await answer.text()).toBe("a 1\n");
  expect((await fetch(url.replace("/metrics", "/"))).status).toBe(404);
  expect((await fetch(url, { method: "POST" })).status).toBe(404);
});

test("what can't be told is an error, never an old number; the next scrape is served", async () => {
  let broken = true;
  const url = await serve(async () => {
    if (broken) throw new Error("Redis is away");
    return { text: "a 2\n", contentType: "text/plain" };
  });
  const answer = await fetch(url);
  expect([answer.status, await answer.text()]).toEqual([503, ""]);
  broken = false;
  expect((await fetch(url)).status).toBe(200);
});

test("it says whether it is ready, what it lacks, and that it drains; it lives all the while", async () => {
  let says: string | undefined = "Redis can't be reached";
  const health = openHealth({
    checks: { redis: { away: "", look: () => Promise.resolve(says) } },
    waitMs: 1_000,
  });
  const url = await serve(() => Promise.reject(new Error("not asked for")), health);
  const ask = async (path: string) => {
    const answer = await fetch(url.replace("/metrics", path));
    return [answer.status, await answer.json()];
  };
  expect(await ask("/health/ready")).toMatchObject([503, { success: false, status: "starting" }]);
  health.started();
  const unwell = { status: "unwell", error: says, checks: { redis: says } };
  expect(await ask("/health/ready")).toMatchObject([503, unwell]);
  expect(await ask("/health/live")).toEqual([200, { success: true, status: "live" }]);
  says = undefined;
  const ready = { success: true, status: "ready", checks: { redis: "ok" } };
  expect(await ask("/health/ready")).toEqual([200, ready]);
  health.drain();
  expect(await ask("/health/ready")).toMatchObject([503, { success: false, status: "draining" }]);
});

test("a port that is taken is said at the start", async () => {
  const url = new URL(await serve(async () => ({ text: "", contentType: "text/plain" })));
  const tellers = { metrics: () => Promise.reject(new Error()), health: WELL };
  const again = serveMetrics({ ...LOOPBACK, port: Number(url.port) }, tellers);
  await expect(again).rejects.toThrow(/EADDRINUSE/);
});

test("metrics are off unless a port is named; then on loopback unless a host is named", () => {
  expect(readMetricsPlace({})).toEqual({ kind: "off" });
  expect(readMetricsPlace({ POMBO_METRICS_PORT: "" })).toEqual({ kind: "off" });
  const port = { POMBO_METRICS_PORT: "9464" };
  expect(readMetricsPlace(port)).toEqual({ kind: "place", host: "127.0.0.1", port: 9464 });
  expect(readMetricsPlace({ ...port, POMBO_METRICS_HOST: "::" })).toMatchObject({ host: "::" });
  for (const wrong of ["x", "70000", "-1", "80 "])
    expect(readMetricsPlace({ POMBO_METRICS_PORT: wrong }).kind).toBe("refused");
});
