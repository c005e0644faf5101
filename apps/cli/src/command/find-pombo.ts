import { realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createPombo, type Pombo } from "@pombo/sdk";
import type { Environment } from "../config.ts";
import { readIfThere } from "../data-folder.ts";
import { holderOf } from "../lock-folder.ts";
import { EXIT } from "./exit-code.ts";
import { Stopped } from "./stopped.ts";

export interface PomboOptions {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly data?: string | undefined;
}

/** Which Pombo is meant. */
export interface FoundPombo {
  /** Without a slash at the end. */
  readonly url: string;
  readonly key: string;
}

const USUAL_FOLDERS = ["data", join("data", "live")];

/** A client of the Pombo that is meant. @throws Stopped */
export async function connectPombo(
  options: PomboOptions,
  environment: Environment,
): Promise<{ readonly pombo: Pombo; readonly url: string }> {
  const { url, key } = await findPombo(options, environment);
  return { pombo: createPombo({ url, key }), url };
}

/**
 * By address and key, as options or in the environment; what is missing comes from the Pombo that runs on the data folder, which
 * says its address itself (see lock-folder.ts).
 *
 * @throws Stopped
 */
export async function findPombo(
  options: PomboOptions,
  environment: Environment,
): Promise<FoundPombo> {
  const url = readUrl(options.url ?? environment["POMBO_URL"]);
  const key = options.key ?? environment["POMBO_API_KEY"];
  if (url !== undefined && key !== undefined) return { url, key };
  const running = await runningPombos(options.data);
  const found = url === undefined ? only(running, options.data) : keyHolder(running, url);
  return { ...found, ...(key === undefined ? {} : { key }) };
}

/** @throws Stopped */
function only(running: readonly FoundPombo[], data: string | undefined): FoundPombo {
  const [first, second] = running;
  if (second !== undefined)
    throw stop(`Two run here, on ${USUAL_FOLDERS.join(" and ")}: choose one by --data`);
  if (first !== undefined) return first;
  throw stop(
    data === undefined
      ? "No Pombo runs here: start one (npm start), or say --url and --key (POMBO_URL, POMBO_API_KEY) of another"
      : `No Pombo runs on ${data}: start one (npm start -- --data ${data})`,
  );
}

/** The key of a Pombo of this machine is known here. @throws Stopped */
function keyHolder(running: readonly FoundPombo[], url: string): FoundPombo {
  const own = running.find((one) => one.url === url);
  if (own !== undefined) return own;
  throw stop("There is no API key: say it in POMBO_API_KEY or by --key");
}

function stop(says: string): Stopped {
  return new Stopped(`${says}.`, EXIT.usage);
}

function readUrl(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^https?:\/\/./.test(text) && URL.canParse(text)) return text.replace(/\/+$/, "");
  throw stop(`The URL of a Pombo begins with http:// or https://, unlike "${text}"`);
}

async function runningPombos(data: string | undefined): Promise<readonly FoundPombo[]> {
  const folders = data === undefined ? USUAL_FOLDERS : [data];
  const found = await Promise.all(folders.map((folder) => runningPombo(resolve(folder))));
  return found.filter((one) => one !== undefined);
}

async function runningPombo(folder: string): Promise<FoundPombo | undefined> {
  const path = await realpath(folder).catch(() => undefined);
  if (path === undefined) return undefined;
  const holder = await holderOf(path);
  const key = await readIfThere(join(path, "admin-key"));
  if (holder === undefined || holder.url === "" || key === undefined) return undefined;
  return { url: holder.url, key: key.trim() };
}
