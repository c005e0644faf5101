import { execFile } from "node:child_process";
import { expect, test } from "vitest";

/** What a process of its own writes that logs, and then ends like this. */
function lastWords(end: string): Promise<string> {
  const url = new URL("./log.ts", import.meta.url).href;
  const program = `
    const { openLog } = await import(${JSON.stringify(url)});
    const log = openLog({ name: "one" });
    log.info("one.started");
    log.error("one.failed", { error: new Error("why") });
    log.info("one.stopped");
    ${end}`;
  return new Promise((resolve) => {
    const args = ["--input-type=module", "-e", program];
    execFile(process.execPath, args, (_failure, stdout) => resolve(stdout));
  });
}

test.each([
  "process.exit();",
  "throw new Error('a defect');",
  "process.exitCode = 1;",
  "void Promise.reject(1);",
])("the last lines of a process are written, also when it ends by `%s`", async (end) => {
  const lines = (await lastWords(end)).trim().split("\n");
  const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events).toEqual(["one.started", "one.failed", "one.stopped"]);
});
