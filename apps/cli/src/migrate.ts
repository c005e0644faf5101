import { DEFAULT_SETTINGS, isCellId } from "@pombo/domain";
import { openLedger, type SchemaSettled } from "@pombo/ledger";
import { cellKeys, openRedis } from "@pombo/redis";

import { CannotStart } from "./cannot-start.ts";
import { command } from "./command/command.ts";
import { EXIT } from "./command/exit-code.ts";
import { Stopped } from "./command/stopped.ts";
import { readConfig } from "./config.ts";
import { localRedis } from "./local-redis.ts";

const HELP = `  --data DIR                the data folder of a Pombo of this machine (data)
  --help                    this text

POMBO_REDIS_URL names a Redis of yours. Take a backup first, and stop all processes: docs/upgrading.md. It may be run again,
also after it was interrupted.`;

export const MIGRATE = command({
  name: "migrate",
  says: "Brings the data in Redis to the version that this Pombo works with.",
  takes: "[options]",
  help: HELP,
  options: { data: { type: "string", default: "data" } },
  async run({ values }, { terminal }) {
    const settled = await migrate(values.data);
    if (settled.kind === "refused") throw new Stopped(`${settled.says}.`, EXIT.failed);
    if (settled.kind === "migrated")
      for (const says of settled.did) terminal.print(`Done: ${says}.`);
    terminal.print("The data has the version of this Pombo.");
    return EXIT.done;
  },
});

async function migrate(data: string): Promise<SchemaSettled> {
  const config = readConfig();
  const { cell } = config;
  if (!isCellId(cell))
    throw new Stopped(`POMBO_CELL must look like c0, not "${cell}".`, EXIT.usage);
  try {
    await using place = await localRedis(data, config);
    await using redis = await openRedis({ url: place.url, role: "worker" });
    const keys = cellKeys(cell);
    const ledger = openLedger({ redis: redis.client, keys, settings: DEFAULT_SETTINGS });
    return await ledger.settleSchema({ mayMigrate: true });
  } catch (error) {
    if (error instanceof CannotStart) throw new Stopped(error.message, EXIT.failed);
    throw error;
  }
}
