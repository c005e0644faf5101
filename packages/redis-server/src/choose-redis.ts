/** What is known about this machine. Absent means: not there, or not looked for yet. */
export interface RedisFacts {
  /** `POMBO_REDIS_URL` */
  readonly url?: string;
  /** a redis-server or valkey-server on the path, version 7 or later */
  readonly binary?: string;
  /** a container engine that answers */
  readonly engine?: string;
  /** Debian's apt-get */
  readonly aptGet?: string;
  /** may install packages */
  readonly root?: boolean;
}

export type RedisChoice =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "binary"; readonly binary: string }
  | { readonly kind: "container"; readonly engine: string }
  | { readonly kind: "package"; readonly aptGet: string }
  | { readonly kind: "none"; readonly says: string };

/** Which Redis to use: the first of a given one, one on the path, one in a container, Debian's package when root. */
export function chooseRedis(facts: RedisFacts): RedisChoice {
  if (facts.url !== undefined && facts.url !== "") return { kind: "url", url: facts.url };
  if (facts.binary !== undefined) return { kind: "binary", binary: facts.binary };
  if (facts.engine !== undefined) return { kind: "container", engine: facts.engine };
  if (facts.aptGet !== undefined && facts.root === true)
    return { kind: "package", aptGet: facts.aptGet };
  return { kind: "none", says: NO_REDIS };
}

const NO_REDIS =
  "Pombo needs Redis 7 or later (or Valkey) and found none: install redis-server or start Docker or Podman, " +
  "or name a running one in POMBO_REDIS_URL, then run this again.";
