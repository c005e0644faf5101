// Ends with 0 while the process of this container is well: node healthy.mjs [api | worker | notifier]
//
// Without a word it looks which of them process 1 is. The API, workers and notifiers are asked whether they are ready; of the simulator
// and of commands it is enough that they run.

import { readFileSync } from "node:fs";

const WAIT_MS = 3_000;
const PORTS = { api: "POMBO_PORT", worker: "POMBO_METRICS_PORT", notifier: "POMBO_METRICS_PORT" };

process.exitCode = (await isWell(process.argv[2] ?? mainProcess())) ? 0 : 1;

async function isWell(app) {
  if (!Object.hasOwn(PORTS, app)) return true;
  const port = process.env[PORTS[app]];
  try {
    const signal = AbortSignal.timeout(WAIT_MS);
    return (await fetch(`http://127.0.0.1:${port}/health/ready`, { signal })).ok;
  } catch (error) {
    process.stderr.write(`${app}: ${error.cause?.message ?? error.message}\n`);
    return false;
  }
}

function mainProcess() {
  const line = readFileSync("/proc/1/cmdline", "utf8");
  return /apps\/(\w+)\/src\/main\.ts/.exec(line)?.[1] ?? "";
}
