import { type IncomingMessage, request } from "node:http";

interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export interface EventListener {
  /** What came so far, in order. */
  readonly events: readonly HeardEvent[];
  /** The id to resume with: of the last event, or of a heartbeat. */
  lastId(): string;
  /** Resolves when what came is as wanted, or the stream has ended. */
  until(wanted: (events: readonly HeardEvent[]) => boolean): Promise<void>;
  readonly ended: Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
}

/** A client of server-sent events, for tests: as the specification reads them. */
export async function listenToEvents(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<EventListener> {
  const asked = request(url, {
    headers: { accept: "text/event-stream", ...headers },
    agent: false,
  });
  const ended = Promise.withResolvers<void>();
  const events: HeardEvent[] = [];
  const looks = new Set<() => void>();
  let over = false;
  let lastId = "";
  let rest = "";
  asked.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once("response", resolve);
    asked.once("error", reject);
  });
  if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`);
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => fieldOf(line)));
      lastId = fields.get("id") ?? lastId;
      const [event = "message", data] = [fields.get("event"), fields.get("data")];
      if (data !== undefined) events.push({ id: lastId, event, data });
    }
    for (const look of looks) look();
  });
  response.on("error", () => undefined);
  response.on("close", () => {
    over = true;
    ended.resolve();
    for (const look of looks) look();
  });
  return {
    events,
    lastId: () => lastId,
    ended: ended.promise,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => asked.destroy(),
    async until(wanted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (over || wanted(events)) resolve();
      };
      looks.add(look);
      look();
      await promise;
      looks.delete(look);
    },
  };
}

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return colon === -1 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}
