import { readFileSync } from "node:fs";
import type { Settings } from "@pombo/domain";
import { inlineKeys, luaKeys } from "@pombo/redis";

/** The settings that scripts read; they become part of the script's text. */
const IN_SCRIPTS = [
  "batch_aside_rows",
  "batch_drawn_rows",
  "contact_lookups",
  "deaths_alone",
  "deaths_poisoned",
  "idempotency_claim_ms",
  "idempotency_kept_ms",
  "inbound_kept_ms",
  "overview_bucket_ms",
  "overview_kept_ms",
  "opt_out_spares_otp",
  "probe_ms",
  "queue_time_ms",
  "reconcile_limit_ms",
  "settled_kept_ms",
  "stick_kept_ms",
  "webhook_circuit_failures",
  "webhook_in_hand",
  "webhook_log_entries",
  "webhook_log_kept_ms",
  "webhook_open_limit",
  "webhook_parked_kept_ms",
  "webhook_parked_limit",
  "target_wait_ms",
] as const;

type SettingName = (typeof IN_SCRIPTS)[number];

/** A script but for the values of the settings. */
export interface ScriptText {
  readonly keys: string;
  readonly settings: readonly SettingName[];
  readonly body: string;
}

/** The script of a name, with what it uses of these libraries. */
export function readText(name: string, libraries: readonly string[]): ScriptText {
  const body = inlineKeys(withDefinitions(libraries.flatMap(libraryOf), source(name)));
  const settings = IN_SCRIPTS.filter((setting) => body.includes(`S.${setting}`));
  return { keys: luaKeys(body), settings, body };
}

/** The whole script: the key functions that are called, and what it does, with the values of the settings. */
export function textUnder({ keys, settings: used, body }: ScriptText, settings: Settings): string {
  const values = new Map<string, string>(used.map((name) => [name, String(settings[name])]));
  return `${keys}\n${body.replaceAll(/\bS\.(\w+)/g, (setting, name) => values.get(name) ?? setting)}`;
}

/** A part of a library: one local, with the comments above it, or what stands before the first. */
export interface Definition {
  readonly text: string;
  readonly name: string | undefined;
  readonly words: readonly string[];
}

/** The library's definitions begin with `local` at the margin; none redefines another's name. */
export function definitionsOf(library: string): readonly Definition[] {
  return library.split(/^(?=(?:--.*\n)*local )/m).map((text) => {
    const name = /^local (?:function )?(\w+)/m.exec(text)?.[1];
    return { text, name, words: wordsOf(text) };
  });
}

/** A script with the definitions that it uses, and those that they use: each one costs every run of the script a little. */
export function withDefinitions(definitions: readonly Definition[], own: string): string {
  const words = new Set(wordsOf(own));
  const chosen = [own];
  for (const { text, name, words: more } of definitions.toReversed()) {
    if (name === undefined || !words.has(name)) continue;
    chosen.push(text);
    for (const word of more) words.add(word);
  }
  return chosen.toReversed().join("\n");
}

function wordsOf(lua: string): readonly string[] {
  return lua.replaceAll(/--.*$/gm, "").match(/\w+/g) ?? [];
}

const libraries = new Map<string, readonly Definition[]>();

function libraryOf(name: string): readonly Definition[] {
  const found = libraries.get(name) ?? definitionsOf(source(name));
  libraries.set(name, found);
  return found;
}

function source(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), "utf8");
}
