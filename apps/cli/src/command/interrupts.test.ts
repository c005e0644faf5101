import { expect, test, vi } from "vitest";
import { openInterrupts } from "./interrupts.ts";

function setup() {
  let now = 10_000;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
  const forced = vi.fn<() => void>();
  const interrupts = openInterrupts(forced);
  return {
    interrupts,
    forced,
    press() {
      now += 1_000;
      process.emit("SIGINT");
    },
    [Symbol.dispose]() {
      interrupts[Symbol.dispose]();
      clock.mockRestore();
    },
  };
}

test("the first press aborts, the third forces", () => {
  using here = setup();
  here.press();
  expect(here.interrupts.signal.aborted).toBe(true);
  here.press();
  expect(here.forced).not.toHaveBeenCalled();
  here.press();
  expect(here.forced).toHaveBeenCalledOnce();
});

test("who takes the presses gets all of them, until disposed", () => {
  using here = setup();
  const taken = vi.fn<() => void>();
  {
    using _taking = here.interrupts.take(taken);
    for (let times = 0; times < 4; times += 1) here.press();
  }
  expect(taken).toHaveBeenCalledTimes(4);
  expect(here.interrupts.signal.aborted).toBe(false);
  here.press();
  expect(here.interrupts.signal.aborted).toBe(true);
});
