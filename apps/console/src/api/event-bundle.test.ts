import type { PomboEvent } from "@pombo/sdk";
import { expect, test } from "vitest";
import { openBundle } from "./event-bundle.ts";

const event = (type: string, number = 0) => ({ type, data: { number } }) as unknown as PomboEvent;

test("what came since is handed over once, in its order", () => {
  const bundle = openBundle();
  const [first, second] = [event("device.connected"), event("batch.done")];
  bundle.keep(first);
  bundle.keep(second);
  expect(bundle.take()).toEqual({ events: [first, second], missed: false });
  expect(bundle.take()).toEqual({ events: [], missed: false });
});

test("of the overview and of an outage only the last counts", () => {
  const bundle = openBundle();
  for (const type of ["overview", "device.connected", "outage", "overview", "outage"])
    bundle.keep(event(type));
  expect(bundle.take().events.map(({ type }) => type)).toEqual(["device.connected", "outage"]);
});

test("however long a page is held, no more than a thousand are kept, and that some are gone is told", () => {
  const bundle = openBundle();
  bundle.keep(event("overview"));
  for (let number = 1; number < 1_000; number += 1) bundle.keep(event("device.connected", number));
  expect(bundle.take()).toMatchObject({ events: { length: 1_000 }, missed: false });

  bundle.keep(event("overview"));
  for (let number = 1; number <= 25_500; number += 1)
    bundle.keep(event("device.connected", number));
  const { events, missed } = bundle.take();
  expect(missed).toBe(true);
  expect(events.length).toBeLessThanOrEqual(1_000);
  expect(events[0]).toEqual(event("overview"));
  expect(events.at(-1)).toEqual(event("device.connected", 25_500));
  expect(bundle.take().missed).toBe(false);
});
