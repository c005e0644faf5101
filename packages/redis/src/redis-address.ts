/** Where a Redis is: one server, a master that sentinels name, or a cluster. */
export type RedisAddress =
  | { readonly kind: "server"; readonly url: string }
  | {
      readonly kind: "sentinel";
      readonly sentinels: readonly Host[];
      readonly master: string;
      readonly login: Login;
    }
  | { readonly kind: "cluster"; readonly nodes: readonly Host[]; readonly login: Login };

interface Host {
  readonly host: string;
  readonly port: number;
}

interface Login {
  readonly username?: string;
  readonly password?: string;
}

const SHAPE = /^(redis\+sentinel|redis\+cluster):\/\/(?:([^@/]*)@)?([^@/]+)(?:\/([^/?]+))?$/;

/**
 * Reads `redis://…` and `rediss://…`, `redis+sentinel://[user:password@]host:port,host:port/master` and
 * `redis+cluster://[user:password@]host:port,host:port`. Undefined for anything else.
 */
export function parseRedisAddress(url: string): RedisAddress | undefined {
  if (/^rediss?:\/\//.test(url)) return { kind: "server", url };
  const [, scheme, credentials, list, master] = SHAPE.exec(url) ?? [];
  const hosts = list?.split(",").map(readHost);
  if (hosts === undefined || hosts.includes(undefined)) return undefined;
  const known = hosts.filter((host) => host !== undefined);
  const login = readLogin(credentials);
  if (scheme === "redis+cluster" && master === undefined)
    return { kind: "cluster", nodes: known, login };
  if (scheme === "redis+sentinel" && master !== undefined)
    return { kind: "sentinel", sentinels: known, master, login };
  return undefined;
}

function readHost(text: string): Host | undefined {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+):([0-9]{1,5})$/.exec(text) ?? [];
  return host === undefined
    ? undefined
    : { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

function readLogin(credentials: string | undefined): Login {
  if (credentials === undefined || credentials === "") return {};
  const colon = credentials.indexOf(":");
  const username = decodeURIComponent(colon === -1 ? "" : credentials.slice(0, colon));
  const password = decodeURIComponent(credentials.slice(colon + 1));
  return username === "" ? { password } : { username, password };
}
