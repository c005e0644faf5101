import { readFileSync } from "node:fs";
import { nearestName } from "@pombo/contract";
import {
  isCellId,
  judgeSettings,
  readSettings,
  SETTINGS,
  type Settings,
  VARIABLE_NAMES,
} from "@pombo/domain";
import type { Environment } from "../config.ts";
import { type Finding, orWell, problem, reasonOf, warning } from "./finding.ts";

/** Names, values, and whether they fit together. Values of unknown variables are never shown: they may be secrets. */
export function examineEnvironment(environment: Environment): readonly Finding[] {
  const names = Object.keys(environment).filter((name) => name.startsWith("POMBO_"));
  const found = [
    ...unknownNames(names),
    ...malformedSettings(environment),
    ...contradictions(environment),
    ...malformedVariables(environment),
    ...sharedPort(environment),
    ...testHooks(environment),
  ];
  return orWell(found, `environment: ${names.length} variables, all known and sound`);
}

function unknownNames(names: readonly string[]): Finding[] {
  return names
    .filter((name) => !VARIABLE_NAMES.includes(name))
    .map((name) => {
      const nearest = nearestName(name, VARIABLE_NAMES);
      return problem(
        `${name} is no setting of Pombo: it changes nothing`,
        nearest === undefined ? "remove it" : `did you mean ${nearest}?`,
      );
    });
}

function variableOf(name: string): string {
  return `POMBO_${name.toUpperCase()}`;
}

/** `readSettings` stops at the first. */
function malformedSettings(environment: Environment): Finding[] {
  return Object.keys(SETTINGS).flatMap((name) => {
    const variable = variableOf(name);
    const read = readSettings({ [variable]: environment[variable] });
    if (read.kind === "settings") return [];
    const shown = JSON.stringify(read.value.slice(0, 20));
    return [problem(`${variable} is ${shown}`, "it must be a whole number, without a unit")];
  });
}

/** Of those that can be read; the others have their defaults. */
export function soundSettings(environment: Environment): Settings {
  const sound = Object.keys(SETTINGS).filter((name) => {
    const variable = variableOf(name);
    return readSettings({ [variable]: environment[variable] }).kind === "settings";
  });
  const read = readSettings(
    Object.fromEntries(sound.map((name) => [variableOf(name), environment[variableOf(name)]])),
  );
  if (read.kind === "refused") throw new Error(`${read.variable} was read before`);
  return read.settings;
}

function contradictions(environment: Environment): Finding[] {
  return judgeSettings(soundSettings(environment)).map(({ says, remedy }) =>
    problem(says.replaceAll(SETTING, asVariable), remedy.replaceAll(SETTING, asVariable)),
  );
}

const SETTING = /\b[a-z]+(?:_[a-z]+)+\b/g;

/** As the person has to write it. */
function asVariable(name: string): string {
  return Object.hasOwn(SETTINGS, name) ? variableOf(name) : name;
}

type Rule = readonly [variable: string, isSound: (value: string) => boolean, remedy: string];

const PORT_RULE = "it must be a port number from 0 to 65535";

const RULES: readonly Rule[] = [
  [
    "POMBO_ENV",
    (value) => value === "development" || value === "production",
    "it must be development or production",
  ],
  ["POMBO_CELL", isCellId, "it must look like c0"],
  ["POMBO_PORT", isPort, PORT_RULE],
  ["POMBO_METRICS_PORT", isPort, PORT_RULE],
  ["POMBO_REDIS_URL", isRedisUrl, "it must be like redis://user:password@host:6379"],
  ["POMBO_WHATSAPP_URL", (value) => /^wss?:\/\/./.test(value), "it must be ws:// or wss://"],
  ["POMBO_WHATSAPP_ROOT_KEY", isRootKey, "it must be 32 bytes in base64"],
  ["POMBO_URL", (value) => /^https?:\/\/./.test(value), "it must be http:// or https://"],
  [
    "POMBO_CORS_ORIGINS",
    areOrigins,
    "it must be origins like https://app.example, without a path, with commas between",
  ],
  ["POMBO_TRUST_PROXY", (value) => value === "0" || value === "1", "it must be 0 or 1"],
  [
    "POMBO_SANDBOX_CONTROL_URL",
    (value) => value === "" || isOfThisMachine(value),
    "remove it: npm start sets it, to an address of this machine",
  ],
];

function malformedVariables(environment: Environment): Finding[] {
  const malformed = RULES.flatMap(([variable, isSound, remedy]) => {
    const value = environment[variable];
    return value === undefined || isSound(value)
      ? []
      : [problem(`${variable} can't be used as it is`, remedy)];
  });
  return [...malformed, ...certificate(environment["POMBO_WHATSAPP_CA"])];
}

/** Containers have their own ports; on one machine the second process finds it taken. */
function sharedPort({
  POMBO_PORT: api = "3000",
  POMBO_METRICS_PORT: metrics,
}: Environment): Finding[] {
  if (metrics === undefined || Number(metrics) === 0 || Number(metrics) !== Number(api)) return [];
  return [
    warning(
      `POMBO_METRICS_PORT is ${metrics}, as the port of the API: on one machine only one of them gets it`,
      "choose another for each worker and notifier",
    ),
  ];
}

function isPort(text: string): boolean {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 65_535;
}

function isRedisUrl(text: string): boolean {
  return /^rediss?(\+sentinel|\+cluster)?:\/\/./.test(text);
}

function areOrigins(text: string): boolean {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  return parts.every((part) => /^https?:/.test(part) && URL.parse(part)?.origin === part);
}

function isOfThisMachine(text: string): boolean {
  const url = URL.parse(text);
  const own = /^(?:127(?:\.[0-9]{1,3}){3}|localhost|\[::1\])$/;
  return url?.protocol === "http:" && own.test(url.hostname);
}

function isRootKey(text: string): boolean {
  return [32, 33].includes(Buffer.from(text, "base64").byteLength);
}

function certificate(value: string | undefined): Finding[] {
  if (value === undefined || value.includes("BEGIN CERTIFICATE")) return [];
  try {
    if (readFileSync(value, "utf8").includes("BEGIN CERTIFICATE")) return [];
    return [problem("POMBO_WHATSAPP_CA names a file without a certificate", "it must be PEM")];
  } catch (error) {
    const says = `POMBO_WHATSAPP_CA names a file that can't be read: ${reasonOf(error)}`;
    return [problem(says, "name a file in PEM, or give its text")];
  }
}

function testHooks(environment: Environment): Finding[] {
  const found = ["POMBO_FAULT_POINT", "POMBO_API_FAULT_POINT"]
    .filter((name) => (environment[name] ?? "") !== "")
    .map((name) =>
      warning(`${name} is set: a process will die there`, "remove it: it is for tests"),
    );
  const isProduction = environment["POMBO_ENV"] === "production";
  if (isProduction && environment["POMBO_LOOPBACK_URLS"] === "1")
    found.push(warning("POMBO_LOOPBACK_URLS does nothing in production", "remove it"));
  return found;
}
