import { randomBytes } from "node:crypto";
import { type MessageContent, type MessageId, mintMessageId } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Acceptance, Accepted, NewMessage } from "./accept.ts";
import type { Letters } from "./letters.ts";
import type { MessageRecord } from "./message-record.ts";
import type { Run } from "./scripts.ts";
import type { Views } from "./views.ts";

/** What became of a letter that was to be sent as a new message. `refused`: the acceptance's answer. */
export type SentAnew =
  | { readonly kind: "sent"; readonly heir: MessageId; readonly feed?: number }
  | { readonly kind: "not-a-letter" }
  | {
      readonly kind: "refused";
      readonly accepted: Exclude<Accepted, { kind: "accepted" | "joined" }>;
    };

type Ports = Pick<Acceptance, "accept"> & Pick<Letters, "nameHeir" | "discardLetter">;

/**
 * Sends the content of a letter as a new message. Its id is written into the letter first, so that a repeat after a death at any step
 * goes on with it: named → accepted → letter discarded.
 */
export async function sendAnew(
  letter: MessageRecord,
  by: { readonly content?: MessageContent; readonly keyId: string; readonly now: number },
  { accept, nameHeir, discardLetter }: Ports,
): Promise<SentAnew> {
  const { content = letter.content, keyId, now } = by;
  const heir = await nameHeir(letter.id, mintMessageId(randomBytes(9)));
  if (heir === undefined) return { kind: "not-a-letter" };
  const accepted = await accept({ ...heirOf(letter), id: heir, at: now, keyId, content });
  if (accepted.kind !== "accepted" && accepted.kind !== "joined")
    return { kind: "refused", accepted };
  await discardLetter(letter.id);
  const feed = accepted.kind === "accepted" ? accepted.feed : undefined;
  return { kind: "sent", heir, ...(feed === undefined ? {} : { feed }) };
}

function heirOf(letter: MessageRecord): Omit<NewMessage, "at" | "content" | "id" | "keyId"> {
  const { deviceId, recipient, priority, clientRef, metadata, quietHours } = letter;
  return {
    deviceId,
    recipient,
    priority,
    ...(clientRef === undefined ? {} : { clientRef }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(quietHours === undefined ? {} : { quietHours }),
  };
}

interface AsideDeps extends Ports, Pick<Views, "findMessage"> {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}

/** Sends anew what a step of an operation has put aside; a repeat after a death sends and counts nothing twice. */
export function sendAside({ redis, keys, run, findMessage, ...ports }: AsideDeps) {
  return async (id: string, now: number): Promise<void> => {
    const keyId = (await redis.hget(keys.operation(id), "key")) ?? "";
    for (const letter of (await redis.smembers(keys.anew(id))) as MessageId[]) {
      // oxlint-disable no-await-in-loop -- bounded by a step; the lanes go on in between
      const message = await findMessage(letter);
      const sent =
        message === undefined ? undefined : await sendAnew(message, { keyId, now }, ports);
      await run("count-anew", id, letter, refusalOf(sent));
      // oxlint-enable no-await-in-loop
    }
  };
}

function refusalOf(sent: SentAnew | undefined): string {
  if (sent === undefined) return "absent";
  return sent.kind === "sent" ? "" : sent.kind === "refused" ? sent.accepted.kind : sent.kind;
}
