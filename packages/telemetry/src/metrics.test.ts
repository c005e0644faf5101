import { expect, test } from "vitest";
import { openMetrics } from "./metrics.ts";

test("requests are counted by route, and gauges are as of now", async () => {
  const metrics = openMetrics();
  metrics.answered({ route: "/v1/x/:id", method: "GET", status: 200, ms: 30 });
  expect(await metrics.render({ devices: 1 })).toContain("pombo_devices 1");
  const text = await metrics.render({ devices: 2 });
  expect(text).toContain("pombo_devices 2");
  expect(text).toContain(
    'pombo_http_request_seconds_bucket{le="0.05",route="/v1/x/:id",method="GET",status="200"} 1',
  );
  expect(text).toContain("process_cpu_seconds_total");
});

test("two registries in one process do not meet", async () => {
  const [one, other] = [openMetrics(), openMetrics()];
  one.answered({ route: "/a", method: "GET", status: 200, ms: 1 });
  expect(await other.render({})).not.toContain('route="/a"');
});

test("a counter is told from the start, so that the first time is a rise", async () => {
  const metrics = openMetrics();
  const begins = [{ change: "lost" }, { change: "taken" }];
  const count = metrics.counter({ name: "x_total", help: "x", labels: ["change"], begins });
  expect(await metrics.render({})).toContain('pombo_x_total{change="lost"} 0');
  count({ change: "lost" });
  expect(await metrics.render({})).toContain('pombo_x_total{change="lost"} 1');
});
