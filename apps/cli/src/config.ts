export type Environment = Readonly<Record<string, string | undefined>>;

export interface UpConfig {
  /** handed on to every child: all POMBO_ settings of the person reach all processes */
  readonly environment: Environment;
  readonly path: string | undefined;
  readonly redisUrl: string | undefined;
  readonly host: string;
  readonly cell: string;
}

export function readConfig(): UpConfig {
  const environment = process.env;
  return {
    environment,
    path: environment["PATH"],
    redisUrl: environment["POMBO_REDIS_URL"],
    host: environment["POMBO_HOST"] ?? "127.0.0.1",
    cell: environment["POMBO_CELL"] ?? "c0",
  };
}

/** Where the person is: `npm run pombo` runs in the folder of the package, and says where it was called. */
export function callerFolder(): string {
  const { INIT_CWD: called, npm_lifecycle_event: script } = process.env;
  return script === "pombo" && called !== undefined ? called : process.cwd();
}
