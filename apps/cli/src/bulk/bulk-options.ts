import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Input } from "@pombo/sdk";
import { misused } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { Stopped } from "../command/stopped.ts";

export const BULK_NAME = "bulk";

export type BatchSettings = Input<"createBatch">;

/** As the settings of a batch are called, with a dash for each underscore. */
export const SETTING_OPTIONS = {
  from: { type: "string" },
  template: { type: "string" },
  priority: { type: "string" },
  "send-at": { type: "string" },
  "expires-at": { type: "string" },
  "quiet-hours": { type: "string" },
  dedupe: { type: "string" },
  "on-invalid": { type: "string" },
  "extra-columns": { type: "string" },
  start: { type: "string" },
} as const;

type SettingValues = { readonly [Name in keyof typeof SETTING_OPTIONS]?: string | undefined };

/** They travel in the address of the upload, which servers and proxies cut at about 8 KiB. */
const LONGEST_SETTINGS = 6_000;

/** What holds for all rows. Pombo knows the rules, and names the one that is broken. @throws Stopped */
export async function readSettings(
  values: SettingValues & { readonly "template-file"?: string | undefined },
  folder: string,
): Promise<BatchSettings> {
  const file = values["template-file"];
  if (file !== undefined && values.template !== undefined)
    throw misused(BULK_NAME, "--template and --template-file exclude each other");
  const template = file === undefined ? values.template : await readTemplate(resolve(folder, file));
  const given = Object.keys(SETTING_OPTIONS).flatMap((option) => {
    const value = option === "template" ? template : values[option as keyof SettingValues];
    return value === undefined ? [] : [[option.replaceAll("-", "_"), value] as const];
  });
  const settings = Object.fromEntries(given) as BatchSettings;
  if (encodeURIComponent(JSON.stringify(settings)).length > LONGEST_SETTINGS)
    throw misused(
      BULK_NAME,
      'the template is too long for a table: use NDJSON, whose first line {"batch":{"template":…}} may be long',
    );
  return settings;
}

async function readTemplate(path: string): Promise<string> {
  try {
    // Editors end a file with a line break that nobody means.
    return (await readFile(path, "utf8")).replace(/\r?\n$/, "");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Stopped(`--template-file can't be read: ${why}.`, EXIT.usage);
  }
}
