import { expect, test } from "vitest";
import { csvLine } from "./csv-line.ts";

test.each([
  [["a", 1, null, undefined, ""], "a,1,,,\r\n"],
  [['say "hi"', "a,b", "two\nlines"], '"say ""hi""","a,b","two\nlines"\r\n'],
  [["=1+1", "+551", "-2", "@sum", "\tx"], "'=1+1,'+551,'-2,'@sum,'\tx\r\n"],
  [['=HYPERLINK("x","y")'], '"\'=HYPERLINK(""x"",""y"")"\r\n'],
  [[-2, "a=b"], "-2,a=b\r\n"],
])("%j", (values, line) => {
  expect(csvLine(values)).toBe(line);
});
