import { expect, test, vi } from "vitest";

import { listenForStop } from "./stop-signal.ts";

function setup(): Disposable & {
  press(afterMs: number): void;
  forced(): number;
  stop: ReturnType<typeof listenForStop>;
} {
  let now = 10_000;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  let forced = 0;
  const stop = listenForStop(() => (forced += 1));
  return {
    stop,
    press(afterMs) {
      now += afterMs;
      process.emit("SIGTERM");
    },
    forced: () => forced,
    [Symbol.dispose]() {
      stop[Symbol.dispose]();
      clock.mockRestore();
    },
  };
}

test("the first press stops, the second is ignored, the third forces", () => {
  using here = setup();
  expect(here.stop.signal.aborted).toBe(false);
  here.press(0);
  expect(here.stop.signal.aborted).toBe(true);
  here.press(1_000);
  expect(here.forced()).toBe(0);
  here.press(1_000);
  expect(here.forced()).toBe(1);
});

test("one Ctrl-C that arrives three times is one press", () => {
  using here = setup();
  for (let times = 0; times < 3; times += 1) here.press(10);
  expect(here.stop.signal.aborted).toBe(true);
  expect(here.forced()).toBe(0);
});

test("nothing listens any more afterwards", () => {
  const before = process.listenerCount("SIGTERM");
  setup()[Symbol.dispose]();
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
