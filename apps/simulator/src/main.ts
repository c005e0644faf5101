import { openSimulator, type Simulator } from "@pombo/simulator";
import { openLog } from "@pombo/telemetry";
import { BadOption, readOptions, type SimulatorOptions } from "./config.ts";
import { writeReadyFile, type Ready } from "./ready-file.ts";

/**
 * The simulator as a program. Alone it ends on SIGTERM or SIGINT; under a supervisor (IPC channel) it ends when the
 * channel does, and leaves Ctrl-C to the supervisor.
 */
const lines = openLog({ name: "simulator" });
const log = (event: string, fields: Record<string, unknown>): void => lines.info(event, fields);

async function run(options: SimulatorOptions): Promise<void> {
  const end = untilAsked();
  await using simulator = await openSimulator({ ...options, log });
  const ready = readyOf(simulator);
  if (options.readyFile !== undefined) await writeReadyFile(options.readyFile, ready);
  process.send?.({ kind: "ready", ...ready });
  log("simulator.ready", { simulator_url: ready.simulator_url, control_url: ready.control_url });
  log("simulator.closing", { cause: await end });
}

/** Listens before anything is opened, so that an early signal is not lost. */
function untilAsked(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const supervised = process.send !== undefined;
  process.once("SIGTERM", () => resolve("SIGTERM"));
  if (supervised) process.once("disconnect", () => resolve("the supervisor is gone"));
  process.on("SIGINT", () => {
    if (!supervised) resolve("SIGINT");
  });
  return promise.finally(() => {
    process.removeAllListeners("SIGINT");
    if (process.connected) process.disconnect();
  });
}

function readyOf(simulator: Simulator): Ready {
  return {
    simulator_url: simulator.wsUrl,
    simulator_tls_url: simulator.wssUrl ?? null,
    control_url: simulator.controlUrl,
    control_tls_url: simulator.controlTlsUrl ?? null,
    media_url: simulator.mediaUrl,
    root_key: simulator.rootKey,
    ca: simulator.ca,
    pid: process.pid,
  };
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "the port is taken by another program; choose another with --port, --tls-port or --media-port (0: a free one)",
  EACCES: "not allowed to use this port or folder",
  EADDRNOTAVAIL: "this machine has no such address; choose another with --host",
};

function sentence(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  return `simulator: ${reasons[code] === undefined ? message : `${reasons[code]} (${message})`}`;
}

try {
  await run(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(sentence(error));
  process.exitCode = error instanceof BadOption ? 2 : 1;
  if (process.connected) process.disconnect();
}
