import xterm from "@xterm/headless";
import { expect, test } from "vitest";
import { isReflowing, openLiveLine } from "./live-line.ts";
import { testStream } from "./streams.test-setup.ts";

/** What a terminal of that width shows. */
function setup(columns: number) {
  const emulator = new xterm.Terminal({ cols: columns, rows: 20, allowProposedApi: true });
  const stream = testStream(columns);
  let written = 0;
  const flush = (): Promise<void> =>
    new Promise((resolve) => {
      const text = stream.text().slice(written).replaceAll("\n", "\r\n");
      written += stream.text().slice(written).length;
      emulator.write(text, resolve);
    });
  return {
    stream,
    line: openLiveLine(stream),
    resize: async (next: number) => {
      await flush();
      emulator.resize(next, 20);
      stream.columns = next;
      stream.emit("resize");
    },
    shown: async () => {
      await flush();
      const { active } = emulator.buffer;
      const lines = Array.from(
        { length: active.length },
        (_, at) => active.getLine(at)?.translateToString(true) ?? "",
      );
      return lines.filter((text) => text !== "");
    },
  };
}

test("the line changes in place, and other lines appear above it", async () => {
  const { line, stream, shown } = setup(40);
  line.show(() => "one");
  line.show(() => "two");
  line.aside(() => void stream.write("a fact\n"));
  expect(await shown()).toEqual(["a fact", "two"]);
  line.clear();
  expect(await shown()).toEqual(["a fact"]);
});

test.each([
  [80, 30],
  [80, 7],
  [30, 100],
  [20, 2],
])(
  "from %i columns to %i, one line is left, it fits, and what stands above stays",
  async (from, to) => {
    const { line, resize, shown, stream } = setup(from);
    stream.write("a\nb\n");
    line.show((columns) => "x".repeat(columns));
    await resize(to);
    expect(await shown()).toEqual(["a", "b", "x".repeat(to - 1)]);
    line.show((columns) => "y".repeat(columns));
    expect(await shown()).toEqual(["a", "b", "y".repeat(to - 1)]);
  },
);

test("where the terminal broke the line into rows, they are taken away", () => {
  const stream = testStream(80);
  const line = openLiveLine(stream, true);
  line.show((columns) => "x".repeat(columns));
  const before = stream.text().length;
  stream.columns = 30;
  stream.emit("resize");
  expect(stream.text().slice(before)).toBe(`\u001B[2A\r\u001B[J${"x".repeat(29)}`);
});

test.each([
  [{}, false],
  [{ TERM_PROGRAM: "vscode" }, false],
  [{ TERM_PROGRAM: "iTerm.app" }, true],
  [{ VTE_VERSION: "7600" }, true],
])("a terminal that says %j breaks the row of the cursor: %s", (environment, does) => {
  expect(isReflowing(environment)).toBe(does);
});

test("what is too long is cut, and a terminal without a size has 80 columns", async () => {
  const { line, shown, stream } = setup(10);
  line.show(() => "0123456789");
  expect(await shown()).toEqual(["01234567…"]);
  stream.columns = 0;
  let asked = 0;
  line.show((columns) => {
    asked = columns;
    return "";
  });
  expect(asked).toBe(79);
});

test("nothing listens any more afterwards", () => {
  const { line, stream } = setup(10);
  line[Symbol.dispose]();
  expect(stream.listenerCount("resize")).toBe(0);
});
