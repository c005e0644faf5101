/**
 * What tests stand on: a Redis of their own, the OpenAPI document as a judge of answers, and what Node has compiled before.
 *
 * Every call gives an empty server for itself, which the next test may get after it, and which ends with the test process even when
 * that is killed.
 */
export { compileCache } from "./config.ts";
export { openTestRedis, type TestRedis, type TestRedisOptions } from "./open-test-redis.ts";
export {
  type Conformance,
  type Described,
  openConformance,
  type RealAnswer,
} from "./conformance.ts";
