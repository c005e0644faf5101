import { DEFAULT_SETTINGS } from "@pombo/domain";
import { judgeSchema, openLedger } from "@pombo/ledger";
import type { Keys, Redis } from "@pombo/redis";
import { type Finding, problem, warning, well } from "./finding.ts";

/** Does this version understand the data? Nothing is changed. */
export async function examineSchema({
  client: redis,
  keys,
}: {
  readonly client: Redis;
  readonly keys: Keys;
}): Promise<readonly Finding[]> {
  const ledger = openLedger({ redis, keys, settings: DEFAULT_SETTINGS });
  const verdict = judgeSchema(await ledger.seeSchema(), { mayMigrate: false });
  switch (verdict.kind) {
    case "refuse":
      return [problem(`data: ${verdict.says}`, "see docs/upgrading.md")];
    case "migrate":
      return [
        warning(
          `data: it has version ${verdict.from}, older than this Pombo's`,
          "nothing has to be done: the first process that starts migrates it",
        ),
      ];
    case "write":
      return [well("data: there is none yet")];
    case "same":
      return [well("data: it has the version of this Pombo")];
  }
}
