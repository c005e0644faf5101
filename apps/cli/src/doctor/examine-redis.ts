import { checkRedis, clockApart, type Redis, usedPercent } from "@pombo/redis";
import { type Finding, orWell, problem, reasonOf, warning } from "./finding.ts";
import { type OpenedRedis, placeOf } from "./redis-facts.ts";

/** Leases and schedules go by both clocks. */
const CLOCKS_APART_MS = 1_000;
const NEARLY_FULL_PERCENT = 70;

/** Is it there, and does it keep what it accepts? */
export async function examineRedis(url: string, redis: OpenedRedis): Promise<readonly Finding[]> {
  const place = placeOf(url);
  if (redis.kind === "away") {
    const reason = reasonOf(redis.reason);
    return [problem(`redis: ${place} can't be used: ${reason}`, remedyOf(reason))];
  }
  const { client } = redis.handle;
  const durable = (await checkRedis(client)).map((says) =>
    problem(
      `redis: what was accepted can be lost: ${says}`,
      "ops/redis/redis.conf has the right settings, and docker-compose.yml a Redis that uses them",
    ),
  );
  const found = [...durable, ...judgeInfo(await client.info()), ...(await flushing(client))];
  return orWell([...found, ...(await clocks(client))], `redis: ${place} keeps what it accepts`);
}

function remedyOf(reason: string): string {
  if (/WRONGPASS|NOAUTH/.test(reason)) return "mend the user or the password in POMBO_REDIS_URL";
  if (/ENOTFOUND|EAI_AGAIN/.test(reason)) return "mend the host in POMBO_REDIS_URL";
  return "start it, or mend POMBO_REDIS_URL";
}

/** From INFO: what is wrong at this moment. */
function judgeInfo(info: string): Finding[] {
  const read = (name: string): string =>
    new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
  const found: Finding[] = [];
  if (read("role") === "slave")
    found.push(
      problem("redis: it is a replica and takes no writes", "name its master, or its sentinels"),
    );
  if (read("aof_last_write_status") === "err" || read("aof_last_bgrewrite_status") === "err")
    found.push(
      problem("redis: it can't write its append-only file", "look at its disk and its log"),
    );
  const share = usedPercent(info);
  if (share >= NEARLY_FULL_PERCENT)
    found.push(
      problem(
        `redis: ${Math.floor(share)} % of its memory is used: nothing is accepted any more`,
        "raise its maxmemory, or let devices send what waits",
      ),
    );
  if (read("maxmemory") === "0")
    found.push(
      warning(
        "redis: it has no maxmemory: Pombo can't tell when it is nearly full",
        "set maxmemory",
      ),
    );
  return found;
}

/** Some hosts forbid CONFIG: then nothing is said. */
async function flushing(client: Redis): Promise<Finding[]> {
  const reply = await client.config("GET", "appendfsync").catch(() => []);
  const [, policy] = reply as readonly string[];
  if (policy === "no")
    return [
      problem(
        "redis: the append-only file is flushed when the system likes (appendfsync no)",
        "set appendfsync everysec, or always",
      ),
    ];
  return [];
}

async function clocks(client: Redis): Promise<Finding[]> {
  const apart = await clockApart(client);
  if (Math.abs(apart) <= CLOCKS_APART_MS) return [];
  const which = apart > 0 ? "ahead of" : "behind";
  return [
    problem(
      `redis: its clock is ${(Math.abs(apart) / 1_000).toFixed(1)} s ${which} the one of this machine`,
      "let both follow a time server (chrony, systemd-timesyncd)",
    ),
  ];
}
