/** The environment that every program of a bench inherits: this machine's path, and none of Pombo's own settings. */
export function cleanEnvironment(): Readonly<Record<string, string>> {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && !/^(POMBO_|NODE_)/.test(pair[0]),
  );
  return Object.fromEntries(kept);
}

export function searchPath(): string {
  return process.env["PATH"] ?? "";
}
