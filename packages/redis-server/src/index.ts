/**
 * A private Redis for one data folder: found or brought, started on a free loopback port with a random password, and gone when
 * the process that opened it is gone, however that ended.
 *
 *   chooseRedis(facts) ─► url                      someone else's Redis
 *                     ├─► binary     ─► launchRedisServer
 *                     ├─► container  ─► launchRedisContainer
 *                     ├─► package    ─► installRedisPackage ─► binary
 *                     └─► none       ─► one sentence for the person
 */

// Finding one
export { chooseRedis, type RedisChoice, type RedisFacts } from "./choose-redis.ts";
export { findContainerEngine, findOnPath, findRedisServer } from "./find-redis-server.ts";
export { installRedisPackage } from "./install-redis-package.ts";

// Running one
export { freePort } from "./free-port.ts";
export {
  launchRedisServer,
  type RedisServer,
  type RedisServerOptions,
} from "./launch-redis-server.ts";
export { launchRedisContainer } from "./launch-redis-container.ts";
export { redisConf } from "./redis-conf.ts";
