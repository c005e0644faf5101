import { expect, test } from "vitest";
import { testTerminal } from "../terminal/streams.test-setup.ts";
import { command, REMOTE, wholeOption } from "./command.ts";
import { openInterrupts } from "./interrupts.ts";

const ECHO = command({
  name: "echo",
  says: "Says it.",
  takes: "WORD",
  help: "  --times N",
  options: { ...REMOTE, times: { type: "string", default: "1" } },
  words: ["WORD"],
  async run({ values, words }, { terminal }) {
    wholeOption("echo", ["--times", values.times], [1, 3]);
    terminal.print(`${words.join(" ")} × ${values.times}`);
    return 0;
  },
});

async function run(...args: string[]): Promise<string> {
  const { terminal, output } = testTerminal();
  using interrupts = openInterrupts(() => undefined);
  const ended = await Promise.resolve()
    .then(() => ECHO.run(args, { environment: {}, folder: "/", terminal, interrupts }))
    .catch((error: unknown) => `${String(error)} `);
  return `${typeof ended === "string" ? ended : ""}${output.text()}`;
}

test("a command reads its words and options", async () => {
  expect(await run("hi", "--times", "2")).toBe("hi × 2\n");
});

test("help needs nothing else", async () => {
  expect(await run("--times", "x", "--help")).toBe("pombo echo WORD\n\nSays it.\n\n  --times N\n");
});

test.each([
  [["hi", "you"], /"you" is one word too many\. See pombo echo --help/],
  [["--tims", "1"], /Unknown option '--tims': did you mean --times\?/],
  [["--colour", "1"], /Unknown option '--colour'\. See/],
  [["--times"], /--times/],
  [["--times", "4"], /--times takes a whole number from 1 to 3/],
  [["--times", "1e1"], /--times takes/],
])("%j is refused by name", async (args, says) => {
  expect(await run(...args)).toMatch(says);
});
