import { expect, test } from "vitest";
import { openScreen } from "./screen.ts";
import { testStream } from "./streams.test-setup.ts";

test("the screen is drawn anew at each size, and what was there before comes back once", () => {
  const stream = testStream(80);
  const screen = openScreen(stream);
  screen.draw((columns) => `${columns} wide`);
  stream.columns = 40;
  stream.emit("resize");
  const clear = "\u001B[H\u001B[2J";
  expect(stream.text()).toBe(`\u001B[?1049h${clear}80 wide\n${clear}40 wide\n`);
  const before = stream.text().length;
  screen[Symbol.dispose]();
  screen[Symbol.dispose]();
  stream.emit("resize");
  expect(stream.text().slice(before)).toBe("\u001B[?1049l");
});
