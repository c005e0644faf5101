import { writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";

/**
 * Loaded into every measured program by `node --expose-gc --import`: tells the bench, when asked over the IPC channel, what the
 * program has used, and profiles it. The program itself knows nothing of it.
 */
export interface Usage {
  /** CPU of all threads since its start, ms */
  readonly cpuMs: number;
  /** bytes */
  readonly rss: number;
  readonly heap: number;
}

interface Asked {
  readonly bench: number;
  readonly kind: string;
  readonly data?: unknown;
}

const SAMPLE_US = 200;
let profiling: Session | undefined;

process.on("message", ({ bench, kind, data }: Asked) => {
  if (kind === "usage") answer(bench, usage());
  if (kind === "settled usage") {
    // Twice: what finalizers let go is only collected the second time.
    globalThis.gc?.();
    globalThis.gc?.();
    answer(bench, usage());
  }
  if (kind === "profile") void startProfile().then(() => answer(bench));
  if (kind === "profiled") void endProfile(String(data)).then(() => answer(bench));
});

async function startProfile(): Promise<void> {
  profiling = new Session();
  profiling.connect();
  await profiling.post("Profiler.enable");
  await profiling.post("Profiler.setSamplingInterval", { interval: SAMPLE_US });
  await profiling.post("Profiler.start");
}

async function endProfile(file: string): Promise<void> {
  if (profiling === undefined) return;
  const { profile } = await profiling.post("Profiler.stop");
  profiling.disconnect();
  await writeFile(file, JSON.stringify(profile));
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpuMs: (user + system) / 1_000, rss, heap: heapUsed + external };
}

function answer(bench: number, value?: unknown): void {
  process.send?.({ bench, value });
}
