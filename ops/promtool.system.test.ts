import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const FOLDER = join(import.meta.dirname, "prometheus");
const promtool = spawnSync("promtool", ["--version"]).error === undefined;

// promtool comes with Debian's package `prometheus`.
describe.skipIf(!promtool)("promtool (skipped where it is not installed)", () => {
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("promtool", args, {
      cwd: FOLDER,
      encoding: "utf8",
    });
    return { status, said: `${stdout}${stderr}` };
  };

  test("takes the rules and the configuration", () => {
    expect(run("check", "rules", "alerts.yml")).toMatchObject({ status: 0 });
    expect(run("check", "config", "--syntax-only", "prometheus.yml")).toMatchObject({ status: 0 });
  });

  test("sees every alert fire when it should, and only then", () => {
    const { status, said } = run("test", "rules", "alerts.test.yml");
    expect(status, said).toBe(0);
  });
});
