import { readFile, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { VARIABLES } from "@pombo/domain";
import { EXIT } from "../command/exit-code.ts";
import { Stopped } from "../command/stopped.ts";
import type { Environment } from "../config.ts";
import { readIfThere } from "../data-folder.ts";
import { holderOf } from "../lock-folder.ts";
import { type Finding, problem, reasonOf } from "./finding.ts";

/** What is examined: the environment, the data folder of a local Pombo, and an API. */
export interface Patient {
  /** With what an environment file adds. */
  readonly environment: Environment;
  readonly data: DataPlace | undefined;
  /** Of an API. */
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
  readonly redisUrl: string | undefined;
  /** The port that a local API is to have; undefined where none is to start. */
  readonly port: number | undefined;
  /** What could not even be read. */
  readonly findings: readonly Finding[];
}

interface DataPlace {
  /** The real path. */
  readonly path: string;
  readonly isRunning: boolean;
  readonly credentialsKey: string | undefined;
}

export interface PatientOptions {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly data?: string | undefined;
  readonly "env-file"?: string | undefined;
  readonly port?: string | undefined;
}

/** @throws Stopped when a file that was named can't be read */
export async function readPatient(
  options: PatientOptions,
  surroundings: Environment,
  folder: string,
): Promise<Patient> {
  const file = await readEnvFile(options["env-file"], folder);
  const environment = { ...surroundings, ...file.variables };
  const url = options.url ?? environment["POMBO_URL"];
  const isAlone = environment["POMBO_REDIS_URL"] === undefined;
  // Who names a Redis, or another Pombo, does not mean the one of `npm start` that may be here too.
  const usual = isAlone && url === undefined ? "data" : undefined;
  const place = await readDataPlace(options.data, usual);
  const { data } = place;
  const port = options.port ?? environment["POMBO_PORT"];
  return {
    environment,
    data,
    url: url ?? place.url,
    apiKey: options.key ?? environment["POMBO_API_KEY"] ?? place.adminKey,
    redisUrl: isAlone ? place.redisUrl : environment["POMBO_REDIS_URL"],
    port: port === undefined ? undefined : Number(port),
    findings: [...file.findings, ...place.findings],
  };
}

interface ReadEnvFile {
  readonly variables: Environment;
  readonly findings: readonly Finding[];
}

async function readEnvFile(name: string | undefined, folder: string): Promise<ReadEnvFile> {
  if (name === undefined) return { variables: {}, findings: [] };
  const path = resolve(folder, name);
  try {
    const variables = parseEnv(await readFile(path, "utf8"));
    return { variables, findings: await openToAll(path, variables) };
  } catch (error) {
    throw new Stopped(`--env-file can't be read: ${reasonOf(error)}.`, EXIT.usage);
  }
}

/** Its group may read it: services run as one. */
async function openToAll(path: string, variables: Environment): Promise<readonly Finding[]> {
  const secrets = Object.keys(variables).filter((name) => SECRET.has(name));
  const { mode } = await stat(path);
  if (secrets.length === 0 || (mode & 0o007) === 0) return [];
  const says = `everybody on this machine can read ${path}, which has ${secrets.join(", ")}`;
  return [problem(says, `chmod 640 ${path}, and give it the group of the services`)];
}

const SECRET: ReadonlySet<string> = new Set(
  Object.entries<{ readonly says: string; readonly secret?: true }>(VARIABLES)
    .filter(([, { secret }]) => secret === true)
    .map(([name]) => name),
);

interface ReadPlace {
  readonly data: DataPlace | undefined;
  readonly url?: string;
  readonly adminKey?: string;
  readonly redisUrl?: string;
  readonly findings: readonly Finding[];
}

/** The folder that was named, or the usual one where it is there. */
async function readDataPlace(
  named: string | undefined,
  usual: string | undefined,
): Promise<ReadPlace> {
  const name = named ?? usual;
  if (name === undefined) return { data: undefined, findings: [] };
  const path = await realpath(resolve(name)).catch(() => undefined);
  if (path === undefined)
    return named === undefined ? { data: undefined, findings: [] } : missing(`there is no ${name}`);
  if (!(await stat(path)).isDirectory()) return missing(`${path} is no folder`);
  try {
    return await readFolder(path);
  } catch (error) {
    return missing(`${path} can't be read: ${reasonOf(error)}`);
  }
}

function missing(says: string): ReadPlace {
  const remedy = "name the folder of npm start in --data, readable for this user";
  return { data: undefined, findings: [problem(`data folder: ${says}`, remedy)] };
}

async function readFolder(path: string): Promise<ReadPlace> {
  const holder = await holderOf(path);
  const read = async (file: string): Promise<string | undefined> =>
    (await readIfThere(join(path, file)))?.trim();
  const [adminKey, redisUrl, credentialsKey] = [
    await read("admin-key"),
    await read("redis-url"),
    await read("credentials-key"),
  ];
  const isRunning = holder !== undefined;
  return {
    data: { path, isRunning, credentialsKey },
    ...(isRunning && holder.url !== "" ? { url: holder.url } : {}),
    ...(adminKey === undefined ? {} : { adminKey }),
    // Its own Redis runs only while it does.
    ...(isRunning && redisUrl !== undefined ? { redisUrl } : {}),
    findings: [],
  };
}
