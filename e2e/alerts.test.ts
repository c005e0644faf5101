import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MACHINE_CAUSES } from "./alerts/machine-causes.ts";
import { promtool, readRules, type Rules } from "./alerts/rules.ts";
import type { Samples } from "./alerts/scrape.ts";
import { openStage, type Stage } from "./alerts/stage.ts";
import { TRAFFIC_CAUSES } from "./alerts/traffic-causes.ts";
import { eventually } from "./eventually.ts";

/** In this order: some begin where the one before ended. */
const CAUSES = [...TRAFFIC_CAUSES, ...MACHINE_CAUSES];

let stage: Stage;
let rules: Rules;

describe.skipIf(!promtool)("alerts, by promtool (skipped where it is not installed)", () => {
  beforeAll(async () => {
    stage = await openStage();
    rules = await readRules();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  test("each rule has its cause", () => {
    expect(CAUSES.map(({ alert }) => alert).toSorted()).toEqual(rules.names.toSorted());
  });

  test.each(CAUSES.map((cause) => [cause.alert, cause] as const))(
    "%s fires when its cause is provoked, not before, and not when it is mended",
    async (alert, { prepare, begins = () => true, provoke, shows, mend, ends }) => {
      const { scrape } = stage;
      await prepare?.(stage);
      const before = await eventually(scrape, begins, 30_000);
      const course: (readonly [Samples, number])[] = [[before, 5]];
      expect(await rules.holds(alert, course)).toBe(false);
      try {
        await provoke(stage);
        const after = await eventually(scrape, (now) => shows(now, before), 60_000);
        expect(await rules.holds(alert, [...course, [after, 4]])).toBe(true);
        course.push([after, 10]);
      } finally {
        await mend?.(stage);
      }
      if (ends === undefined) return;
      const later = await eventually(scrape, ends, 60_000);
      expect(await rules.holds(alert, [...course, [later, 40]])).toBe(false);
    },
  );
});
