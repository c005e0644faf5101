import { randomBytes } from "node:crypto";
import type { Pombo } from "./pombo.ts";
import { type Program, startProgram } from "./program.ts";
import type { Stage } from "./stage.ts";

/** One API process on the cell of a Pombo, and a key for it. */
export interface Api extends AsyncDisposable {
  readonly program: Program;
  readonly url: string;
  readonly key: string;
}

export async function openApi(stage: Stage, pombo: Pombo): Promise<Api> {
  const key = `pombo_${pombo.cell}_${randomBytes(24).toString("base64url")}`;
  await pombo.ledger.ensureAdminKey(key, Date.now());
  const program = await startProgram({
    name: `api-${pombo.cell}`,
    file: "apps/api/src/main.ts",
    logFolder: stage.folder,
    env: { POMBO_REDIS_URL: stage.redisUrl, POMBO_CELL: pombo.cell, POMBO_PORT: "0" },
  });
  return {
    program,
    url: String(program.ready["url"]),
    key,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
