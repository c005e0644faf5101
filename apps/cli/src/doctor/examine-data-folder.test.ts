import { expect, test } from "vitest";
import { judgeRoom } from "./examine-data-folder.ts";

const GIB = 1_073_741_824;

function judged(freeBytes: number, totalBytes: number): string {
  const [finding] = judgeRoom({ path: "/d", freeBytes, totalBytes });
  return finding === undefined ? "well" : `${finding.level}: ${finding.says}`;
}

test.each([
  [100 * GIB, 1_000 * GIB, /^well$/],
  [1.5 * GIB, 10 * GIB, /^well$/],
  [1.5 * GIB, 100 * GIB, /^warning: the disk of \/d has 1,536 MiB left \(1 %\)/],
  [0.1 * GIB, 100 * GIB, /^problem: the disk of \/d has 102 MiB left \(0 %\)/],
  [0, 100 * GIB, /^problem: the disk of \/d has 0 MiB left/],
])("%f bytes free of %f", (free, total, says) => {
  expect(judged(free, total)).toMatch(says);
});
