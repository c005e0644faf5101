/** As much of the process as is listened to. */
export interface Signals {
  readonly connected?: boolean;
  on(event: "SIGTERM" | "SIGINT" | "disconnect", listener: () => void): unknown;
}

/**
 * Resolves when the process is told to end: SIGTERM, or Ctrl-C. Under a supervisor (an IPC channel) Ctrl-C is the
 * supervisor's to handle, and its disappearance ends the process instead.
 */
export function untilTold(signals: Signals): Promise<{ readonly because: string }> {
  const supervised = signals.connected === true;
  return new Promise((resolve) => {
    signals.on("SIGTERM", () => resolve({ because: "SIGTERM" }));
    signals.on("SIGINT", () => {
      if (!supervised) resolve({ because: "SIGINT" });
    });
    if (supervised) signals.on("disconnect", () => resolve({ because: "supervisor gone" }));
  });
}
