// Connections
export { openRedis, type RedisConfig, type RedisHandle } from "./open-redis.ts";
export { parseRedisAddress } from "./redis-address.ts";
export { checkRedis } from "./check-redis.ts";
export { clockApart } from "./clock-apart.ts";
export { usedPercent } from "./used-percent.ts";
export type { Redis } from "ioredis";

// Keys and scripts
export { cellKeys, inlineKeys, type Keys, luaKeys } from "./keys.ts";
export { runScript, script, type Script, type ScriptArgument } from "./script.ts";

// Turns
export { gather } from "./turn.ts";
