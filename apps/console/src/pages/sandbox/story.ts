import type { Output } from "@pombo/sdk";
import { buildTimeline } from "../messages/build-timeline.ts";
import type { MessageDetail } from "../messages/wait-words.ts";

type LogEntry = Output<"listSandboxLog">["entries"][number];

/** One line of what became of a message, by who did it. */
export interface StoryRow {
  readonly key: string;
  readonly at: string;
  readonly by: "Pombo" | "WhatsApp" | "Phone";
  readonly text: string;
  /** The code of an error. */
  readonly code?: string;
  /** It is what a person should look at. */
  readonly trouble?: true;
}

/** What Pombo noted and what the simulated WhatsApp saw, in order of time. */
export function tellStory(
  message: Pick<MessageDetail, "blocked_by" | "blocked_since" | "send_at" | "timeline"> | undefined,
  entries: readonly LogEntry[],
): readonly StoryRow[] {
  const ours = message === undefined ? [] : buildTimeline(message);
  const pombo = ours.map(({ at, text, code, status }, index): StoryRow => {
    const trouble = code !== undefined || status === "unknown" || status === "failed";
    const more = { ...(code === undefined ? {} : { code }), ...(trouble ? { trouble } : {}) };
    return { key: `pombo-${index}`, at, by: "Pombo", text, ...more };
  });
  const theirs = entries.flatMap((entry) => sandboxRow(entry) ?? []);
  return [...pombo, ...theirs].toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function sandboxRow(entry: LogEntry): StoryRow | undefined {
  const told = tell(entry);
  return told === undefined ? undefined : { key: `log-${entry.seq}`, at: entry.at, ...told };
}

function tell(entry: LogEntry): Omit<StoryRow, "key" | "at"> | undefined {
  const { kind, code, type, repeated } = entry;
  switch (kind) {
    case "message":
      return { by: "WhatsApp", text: "the message reached the server" };
    case "ack":
      return code === null
        ? { by: "WhatsApp", text: "acknowledged" }
        : { by: "WhatsApp", text: `refused with ${code}`, trouble: true };
    case "shown":
      return {
        by: "Phone",
        text: entry.phone === entry.from ? "the sender’s own phone keeps a copy" : "shows it",
      };
    case "delivered":
      return repeated
        ? {
            by: "Phone",
            text: "got it once more: it knows the id and shows it once",
            trouble: true,
          }
        : { by: "Phone", text: "reached a linked device" };
    case "receipt":
      return receipt(type);
    case "receipt_in":
      return { by: "Pombo", text: `told the phone: ${type ?? "delivered"}` };
    case "unreadable":
      return { by: "Phone", text: "could not decrypt it and asked again", trouble: true };
    default:
      return undefined;
  }
}

function receipt(type: string | null): Omit<StoryRow, "key" | "at"> {
  if (type === "retry")
    return { by: "Phone", text: "asked for it again: it could not decrypt it", trouble: true };
  return { by: "Phone", text: `reported: ${type ?? "delivered"}` };
}
