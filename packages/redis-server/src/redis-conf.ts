export interface RedisConf {
  readonly port: number;
  readonly password: string;
  /** where the data lies, as the server sees it */
  readonly dir: string;
  /** 127.0.0.1; inside a container 0.0.0.0, published on loopback only */
  readonly bind: string;
  /** written by the server, absent inside a container */
  readonly pidFile?: string;
  /** `no`: nothing is kept; else how often the append-only file is flushed to disk */
  readonly appendOnly: AppendOnly;
  /** for example `512mb`; absent means no limit */
  readonly maxMemory?: string;
}

export type AppendOnly = "no" | "everysec" | "always";

/** The settings that Pombo's Redis must have, as a configuration file. */
export function redisConf(conf: RedisConf): string {
  const rows: [string, string][] = [
    ["bind", conf.bind],
    ["port", String(conf.port)],
    ["protected-mode", "yes"],
    ["requirepass", conf.password],
    ["dir", quoted(conf.dir)],
    ...(conf.pidFile === undefined ? [] : [["pidfile", quoted(conf.pidFile)] as [string, string]]),
    ["daemonize", "no"],
    ["set-proc-title", "no"], // the command line then still names the configuration: see end-leftover.ts
    ["save", '""'],
    ["appendonly", conf.appendOnly === "no" ? "no" : "yes"],
    ["appendfsync", conf.appendOnly],
    ["aof-load-truncated", "yes"],
    ["maxmemory-policy", "noeviction"],
    ["maxmemory", conf.maxMemory ?? "0"],
    ["hash-max-listpack-value", "512"],
    ["hash-max-listpack-entries", "128"],
  ];
  return rows.map(([name, value]) => `${name} ${value}\n`).join("");
}

function quoted(path: string): string {
  return `"${path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
