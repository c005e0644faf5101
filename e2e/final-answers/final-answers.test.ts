import { expect, test } from "vitest";
import { SHORT } from "./options.ts";
import { runFinalAnswers } from "./run-final-answers.ts";

test("whatever breaks while clients wait: no error was delivered, no success is lost", async () => {
  const { counts, broken } = await runFinalAnswers(SHORT, () => undefined);
  expect(broken).toEqual([]);
  expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(
    SHORT.sends,
  );
}, 240_000);
