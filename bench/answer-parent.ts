type Handler = (data: never) => unknown;

/**
 * For programs of the bench: answers what the parent asks by name, and says that it is ready. Ends when the parent is gone.
 * Names that it does not know belong to the probe.
 */
export function answerParent(
  handlers: Readonly<Record<string, Handler>>,
  ready: object = {},
): void {
  process.on("message", (message: { bench: number; kind: string; data: unknown }) => {
    const handler = handlers[message.kind];
    if (handler === undefined) return;
    void answer(message.bench, handler, message.data);
  });
  process.once("disconnect", () => process.exit(0));
  process.once("SIGTERM", () => process.exit(0));
  process.send?.({ kind: "ready", ...ready });
}

async function answer(bench: number, handler: Handler, data: unknown): Promise<void> {
  try {
    process.send?.({ bench, value: await handler(data as never) });
  } catch (error) {
    const says = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.send?.({ bench, error: says });
  }
}
