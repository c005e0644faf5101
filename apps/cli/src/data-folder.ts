import { randomBytes } from "node:crypto";
import { mkdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

import { CannotStart } from "./cannot-start.ts";
import type { Whatsapp } from "./options.ts";
import { writeAtomic } from "./write-atomic.ts";

/**
 * Everything that `npm start` keeps:
 *
 *   credentials-key   encrypts the devices' credentials          admin-key    the first API key
 *   sandbox.json      the device paired with the sandbox         whatsapp     which WhatsApp the devices are paired with
 *   children.json     the processes of the last run              redis-url    where its Redis answers, with the password
 *   logs/  redis/  simulator/  media/
 */
export interface DataFolder {
  /** the real path */
  readonly path: string;
  readonly logs: string;
  readonly redis: string;
  readonly simulator: string;
  readonly media: string;
  /** Bytes on their way. */
  readonly incoming: string;
  readonly sandboxFile: string;
  readonly childrenFile: string;
  readonly adminKeyFile: string;
  readonly redisUrlFile: string;
}

export async function openDataFolder(dir: string): Promise<DataFolder> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = await realpath(dir);
  const folder = {
    path,
    logs: join(path, "logs"),
    redis: join(path, "redis"),
    simulator: join(path, "simulator"),
    media: join(path, "media"),
    incoming: join(path, "media", "incoming"),
    sandboxFile: join(path, "sandbox.json"),
    childrenFile: join(path, "children.json"),
    adminKeyFile: join(path, "admin-key"),
    redisUrlFile: join(path, "redis-url"),
  };
  for (const inner of [folder.logs, folder.redis, folder.simulator, folder.incoming])
    await mkdir(inner, { recursive: true, mode: 0o700 });
  return folder;
}

export interface Keys {
  /** `k1:` + base64 of 32 bytes */
  readonly credentialsKey: string;
  /** `pombo_<cell>_` + base64url of 32 bytes */
  readonly adminKey: string;
}

/** The keys of this folder, made at its first start. */
export async function readKeys(folder: DataFolder, cell: string): Promise<Keys> {
  const keyFile = join(folder.path, "credentials-key");
  const { adminKeyFile } = folder;
  return {
    credentialsKey: await readOrMake(keyFile, () => `k1:${randomBytes(32).toString("base64")}`),
    adminKey: await readOrMake(
      adminKeyFile,
      () => `pombo_${cell}_${randomBytes(32).toString("base64url")}`,
    ),
  };
}

/**
 * A folder belongs to one kind of WhatsApp for ever: a server that doesn't know a device's credentials logs it out, so a start
 * against the wrong one would cost every pairing.
 */
export async function claimWhatsapp(folder: DataFolder, kind: Whatsapp["kind"]): Promise<void> {
  const claimed = await readOrMake(join(folder.path, "whatsapp"), () => kind);
  if (claimed === kind) return;
  throw new CannotStart(
    `The devices in ${folder.path} are paired with ${NAMES[claimed] ?? claimed}, not with ${NAMES[kind]}: choose another folder with --data.`,
  );
}

const NAMES: Readonly<Record<string, string>> = {
  sandbox: "the sandbox",
  live: "the real WhatsApp",
  other: "a server given by --whatsapp-url",
};

async function readOrMake(file: string, make: () => string): Promise<string> {
  const kept = await readIfThere(file);
  if (kept !== undefined && kept.trim() !== "") return kept.trim();
  const fresh = make();
  await writeAtomic(file, `${fresh}\n`);
  return fresh;
}

/** Undefined when there is no such file. A file that can't be read is an error: its content must not be replaced. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
