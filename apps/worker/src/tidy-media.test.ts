import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CellId, DEFAULT_SETTINGS, type MediaId } from "@pombo/domain";
import { openLedger } from "@pombo/ledger";
import { openFileStore } from "@pombo/media";
import { cellKeys, openRedis } from "@pombo/redis";
import { openTestRedis } from "@pombo/testbed";
import { expect, test } from "vitest";
import { tidyMedia } from "./tidy-media.ts";

const NOW = Date.now();

async function setup() {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await openTestRedis());
  const redis = stack.use(await openRedis({ url: server.url, role: "worker" }));
  const folder = await mkdtemp(join(tmpdir(), "pombo-tidy-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const settings = {
    ...DEFAULT_SETTINGS,
    media_kept_ms: 1_000,
    media_sweep_ms: 10,
    media_orphan_ms: 1_000,
  };
  const keys = cellKeys("c0" as CellId);
  const ledger = openLedger({ redis: redis.client, keys, settings });
  const store = await openFileStore(folder);
  const keep = async (object: string): Promise<void> => {
    const path = join(store.spool, object);
    await writeFile(path, "bytes");
    await store.keep(object, { path, bytes: 5, sha256: "ab" });
  };
  const names = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const { name } of store.list()) found.push(name);
    return found.toSorted();
  };
  return {
    ledger,
    store,
    settings,
    keep,
    names,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("what nobody uses and what nobody knows is removed, what is used and what is new stays", async () => {
  await using t = await setup();
  const record = (id: string, at: number) =>
    t.ledger.keepMedia(
      {
        id: id as MediaId,
        object: `${id}-1`,
        bytes: 5,
        sha256: "ab",
        mimeType: "text/plain",
        keyId: "key_1",
        devices: "*",
        createdAt: at,
      },
      at,
    );
  await record("med_used00000000000", NOW + 10_000);
  await record("med_old000000000000", NOW);
  await Promise.all(
    ["med_used00000000000-1", "med_old000000000000-1", "med_unknown000000000-1"].map(t.keep),
  );
  const told: unknown[] = [];
  const { promise: swept, resolve } = Promise.withResolvers<void>();
  const note = (event: string, fields: unknown): void => {
    told.push([event, fields]);
    resolve();
  };
  const log = { info: note, error: note };
  {
    await using _tidy = tidyMedia({ ...t, log, now: () => NOW + 5_000 });
    await swept;
  }
  expect(told[0]).toEqual(["media.swept", { dropped: 1, orphans: 1 }]);
  expect(await t.names()).toEqual(["med_used00000000000-1"]);
});
