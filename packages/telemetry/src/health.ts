/**
 * Whether a process can do its work, and what it lacks. Being alive is not judged here: a process that answers lives.
 *
 * ```
 *  starting ─► ready ⇄ unwell
 *     └──────────┴────────┴──► draining     told to end: it finishes what it has, and wants nothing new
 * ```
 */
export interface Health {
  readonly status: "starting" | "ready" | "unwell" | "draining";
  /** What was looked at, each with `ok` or a sentence; nothing while it starts or drains. */
  readonly checks: Readonly<Record<string, string>>;
}

/** One thing that the process needs. */
export interface Check {
  /** Said when the look itself fails, or takes too long. */
  readonly away: string;
  /** Resolves to a sentence when something is wrong. */
  readonly look: () => Promise<string | undefined>;
}

export interface HealthWatch {
  /** Looks; whoever asks meanwhile gets the same answer. */
  look(): Promise<Health>;
  started(): void;
  drain(): void;
  /** Aborts when it drains. */
  readonly draining: AbortSignal;
}

export interface HealthDeps {
  readonly checks: Readonly<Record<string, Check>>;
  /** How long a look may take. */
  readonly waitMs: number;
}

export function openHealth({ checks, waitMs }: HealthDeps): HealthWatch {
  const draining = new AbortController();
  let isStarted = false;
  let looking: Promise<Health> | undefined;

  async function lookAtAll(): Promise<Health> {
    const looks = Object.entries(checks).map(
      async ([name, check]) => [name, (await lookAt(check, waitMs)) ?? "ok"] as const,
    );
    const seen = Object.fromEntries(await Promise.all(looks));
    const isWell = Object.values(seen).every((says) => says === "ok");
    return { status: isWell ? "ready" : "unwell", checks: seen };
  }

  return {
    draining: draining.signal,
    started: () => void (isStarted = true),
    drain: () => draining.abort(),
    async look() {
      if (!draining.signal.aborted && isStarted) {
        looking ??= lookAtAll().finally(() => void (looking = undefined));
        const seen = await looking;
        if (!draining.signal.aborted) return seen;
      }
      return { status: draining.signal.aborted ? "draining" : "starting", checks: {} };
    },
  };
}

async function lookAt({ away, look }: Check, waitMs: number): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(away), waitMs);
  try {
    return await Promise.race([look(), late.promise]);
  } catch {
    return away;
  } finally {
    clearTimeout(timer);
  }
}

/** What somebody is told who asks whether the process can work: a sentence for each thing that is wrong, or why it doesn't want to. */
export function sayHealth({ status, checks }: Health): string {
  if (status === "ready") return "The process can work";
  if (status === "starting") return "The process is starting";
  if (status === "draining") return "The process is draining: it ends, and takes nothing new";
  return Object.values(checks)
    .filter((says) => says !== "ok")
    .join("; ");
}
