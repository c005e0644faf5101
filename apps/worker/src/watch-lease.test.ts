import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Instant, rightNow } from "./instant.ts";
import { watchLease } from "./watch-lease.ts";

const SPREAD_MS = 1_000;
const LEASE_MS = 5_000;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function setup(random = 0.5) {
  const end = (ms: number): Instant => {
    const { monotonic, wall } = rightNow();
    return { monotonic: monotonic + ms, wall: wall + ms };
  };
  let until = end(LEASE_MS);
  const cut = vi.fn();
  const comeBack = vi.fn();
  const deps = {
    endsAt: () => until,
    spreadMs: SPREAD_MS,
    random: () => random,
    cut,
    comeBack,
  };
  const watch = watchLease(deps);
  const renew = (ms = LEASE_MS): void => {
    until = end(ms);
    watch.renewed();
  };
  return { cut, comeBack, renew, watch };
}

test("a lease that is renewed in time cuts nothing", () => {
  const t = setup();
  for (let times = 0; times < 10; times += 1) {
    vi.advanceTimersByTime(LEASE_MS - 1);
    t.renew();
  }
  vi.advanceTimersByTime(LEASE_MS);
  t.renew();
  vi.advanceTimersByTime(SPREAD_MS);
  expect(t.cut).not.toHaveBeenCalled();
});

test("a renewal that comes while the cut is waited for calls it off, also when the lease is over again by then", () => {
  const t = setup();
  vi.advanceTimersByTime(LEASE_MS);
  t.renew(1);
  vi.advanceTimersByTime(SPREAD_MS / 2);
  expect(t.cut).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(t.cut).toHaveBeenCalledTimes(1);
});

test("a lease that is over cuts the socket after a wait by chance, once, and a renewal brings it back after another", () => {
  const t = setup();
  vi.advanceTimersByTime(LEASE_MS + SPREAD_MS / 2 - 1);
  expect(t.cut).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(t.cut).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10 * LEASE_MS);
  expect(t.cut).toHaveBeenCalledTimes(1);
  t.renew();
  vi.advanceTimersByTime(SPREAD_MS / 2 - 1);
  expect(t.comeBack).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(t.comeBack).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(LEASE_MS + SPREAD_MS);
  expect(t.cut).toHaveBeenCalledTimes(2);
});

test("the cuts of one process are spread over the whole time", () => {
  const all = [0, 0.25, 0.75].map((random) => setup(random));
  vi.advanceTimersByTime(LEASE_MS + SPREAD_MS / 2);
  expect(all.map(({ cut }) => cut.mock.calls.length)).toEqual([1, 1, 0]);
});

test("nothing happens after the stop, and no timer is left", () => {
  const t = setup();
  t.watch.stop();
  vi.advanceTimersByTime(LEASE_MS + SPREAD_MS);
  t.renew();
  expect(t.cut).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
