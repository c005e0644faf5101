import type { Output } from "@pombo/sdk";
import { formatDuration } from "../../ui/format.ts";

export type PhoneMessage = Output<"listSandboxMessages">["messages"][number];
export type SentMessage = Output<"listMessages">["messages"][number];

/** A message in a chat window. */
export interface Bubble {
  readonly message: PhoneMessage;
  /** Written on this phone, or by a device that is linked to it. */
  readonly own: boolean;
  /** What Pombo knows of it; absent: Pombo did not send it. */
  readonly sent?: SentMessage;
  /** What is odd about it. */
  readonly marks: readonly string[];
}

/** Longer than any answer takes when nothing is wrong. */
const LATE_MS = 15_000;

/** What the phone shows, oldest first. Edits, deletions and reactions stand at the message that they are about. */
export function bubblesOf(
  phone: string,
  messages: readonly PhoneMessage[],
  sent: readonly SentMessage[],
): readonly Bubble[] {
  const known = new Map(sent.map((one) => [one.message_id, one]));
  return messages
    .filter(({ target }) => target === null)
    .toReversed()
    .map((message) => {
      const ours = known.get(message.message_id);
      return {
        message,
        own: message.from === phone,
        ...(ours === undefined ? {} : { sent: ours }),
        marks: marksOf(message, ours),
      };
    });
}

function marksOf(message: PhoneMessage, sent: SentMessage | undefined): readonly string[] {
  const { arrivals, received_at: at, edits, read_at: read } = message;
  const took = sent === undefined ? 0 : Date.parse(at) - Date.parse(sent.created_at);
  return [
    ...(arrivals > 1 ? [`arrived ${arrivals} times, shown once`] : []),
    ...(took > LATE_MS ? [`late: ${formatDuration(took)} after it was accepted`] : []),
    ...(edits.length > 0 ? ["edited"] : []),
    ...(read === null ? [] : ["read by hand"]),
  ];
}

const OVER: ReadonlySet<string> = new Set(["canceled", "expired"]);

/** What Pombo has for this phone and the phone has not got, oldest first. */
export function onTheWay(
  messages: readonly PhoneMessage[],
  sent: readonly SentMessage[],
): readonly SentMessage[] {
  const here = new Set(messages.map(({ message_id: id }) => id));
  const arrived = new Set(["delivered", "read", "played"]);
  return sent
    .filter(
      ({ message_id: id, status, target_id: target }) =>
        target === undefined && !here.has(id) && !arrived.has(status) && !OVER.has(status),
    )
    .toReversed();
}

/** What a phone shows of a message that has no text of its own. */
export function contentOf({ type, text, media, deleted, options }: PhoneMessage): string {
  if (deleted) return "Deleted for everyone";
  const about =
    media === null ? "" : ` (${media.file_name ?? media.mime_type}, ${media.bytes} bytes)`;
  if (type === "text") return text;
  const choices = options.length === 0 ? "" : `: ${options.join(" / ")}`;
  return [`[${type}${about}]`, `${text}${choices}`].filter((part) => part !== "").join(" ");
}
