import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const compose = spawnSync("docker", ["compose", "version"]).status === 0;

// No engine is needed for it: only Docker's client and its compose plugin.
describe.skipIf(!compose)(
  "docker compose config (skipped where there is no docker compose)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "pombo-compose-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    const filled = join(folder, "filled.env");
    writeFileSync(
      filled,
      "POMBO_REDIS_PASSWORD=letters\nPOMBO_CREDENTIALS_KEY=k1:letters\nPOMBO_GRAFANA_PASSWORD=letters\nPOMBO_API_KEY=letters\n",
    );
    const config = (envFile: string, ...profiles: readonly string[]) => {
      const args = profiles.flatMap((profile) => ["--profile", profile]);
      const { status, stdout, stderr } = spawnSync(
        "docker",
        ["compose", "--env-file", envFile, ...args, "config", "--quiet"],
        { cwd: ROOT, encoding: "utf8" },
      );
      return { status, said: `${stdout}${stderr}` };
    };

    test.each([[[]], [["observability"]], [["observability", "tools"]]])(
      "takes the file with the profiles %j",
      (profiles) => {
        expect(config(filled, ...profiles)).toEqual({ status: 0, said: "" });
      },
    );

    test("says what to do when nothing was filled in", () => {
      const { status, said } = config(join(ROOT, ".env.example"));
      expect(status).not.toBe(0);
      expect(said).toContain("copy .env.example to .env and fill it in");
    });
  },
);
