import { expect, test } from "vitest";
import { confirm } from "./confirm.ts";
import { testTerminal } from "./streams.test-setup.ts";

async function answered(typed: string, answer?: string): Promise<string> {
  const { terminal, input } = testTerminal({ isInteractive: true });
  input.end(typed);
  const question = { says: "Really?", yes: false, ...(answer === undefined ? {} : { answer }) };
  return await confirm(question, terminal).then(() => "agreed", String);
}

test.each(["y\n", "YES\n", " yes \n"])("%j agrees", async (typed) => {
  expect(await answered(typed)).toBe("agreed");
});

test.each(["\n", "n\n", "yy\n", ""])("%j does not", async (typed) => {
  expect(await answered(typed)).toBe("Stopped: Nothing was done.");
});

test("a number that is asked for is the only answer", async () => {
  expect(await answered("12\n", "12")).toBe("agreed");
  expect(await answered("y\n", "12")).toBe("Stopped: Nothing was done.");
});

test("without a terminal only --yes agrees", async () => {
  const { terminal } = testTerminal();
  await expect(confirm({ says: "Really?", yes: false }, terminal)).rejects.toMatchObject({
    code: 6,
    message: "Really?\nNobody is here to be asked: say --yes to mean it.",
  });
  await confirm({ says: "Really?", yes: true }, terminal);
});
