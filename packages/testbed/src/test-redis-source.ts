import { findContainerEngine, findRedisServer } from "@pombo/redis-server";

import { searchPath } from "./config.ts";

export type RedisSource =
  | { readonly kind: "container"; readonly engine: string }
  | { readonly kind: "binary"; readonly binary: string }
  | { readonly kind: "none"; readonly says: string };

export async function testRedisSource(): Promise<RedisSource> {
  const path = searchPath();
  const engine = await findContainerEngine(path);
  if (engine !== undefined) return { kind: "container", engine };
  const binary = await findRedisServer(path);
  if (binary !== undefined) return { kind: "binary", binary };
  const says = "The tests need Redis: start Docker or Podman, or install redis-server 7 or later.";
  return { kind: "none", says };
}
