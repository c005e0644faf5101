import { join } from "node:path";
import { SETTINGS, VARIABLE_NAMES } from "@pombo/domain";
import { expect, test } from "vitest";
import { renderSettings } from "./settings-table.ts";

const GUIDE = join(import.meta.dirname, "..", "docs", "settings.md");

test("the guide is what the tables say: `vitest run --project unit ops -u` writes it anew", async () => {
  await expect(renderSettings()).toMatchFileSnapshot(GUIDE);
});

test("it has every variable once", () => {
  const rows = [...renderSettings().matchAll(/^\| `(POMBO_\w+)`/gm)].map(([, name]) => name);
  expect(rows).toHaveLength(VARIABLE_NAMES.length);
  expect(new Set(rows)).toEqual(new Set(VARIABLE_NAMES));
});

test("times and sizes are told in words a person uses", () => {
  const text = renderSettings();
  expect(text).toContain(`${SETTINGS.lease_ttl_ms.value} (15 s)`);
  expect(text).toContain(`${SETTINGS.body_limit_bytes.value} (1 MiB)`);
  expect(text).toContain(`${SETTINGS.media_host_parallel.value} `);
});
