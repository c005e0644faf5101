import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "./dice.ts";
import type { Letter } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** A letter that the API has taken. */
export interface Accepted extends Letter {
  readonly id: string;
  /** requests it took */
  readonly tries: number;
}

export interface Correspondence {
  readonly accepted: readonly Accepted[];
  /** answers that should not have been: a 4xx to a good request, or another id for the same key */
  readonly odd: readonly string[];
}

const PATIENCE_MS = 60_000;
const ANSWER_WITHIN_MS = 15_000;
const TRY_AGAIN_MS = 200;

/**
 * What careful clients do: one letter of a thread after the other, each under an idempotency key of its own, tried again with that
 * key at any API whenever an answer is a 5xx, a "still in progress", or does not come.
 */
export async function correspond(
  stage: Stage,
  threads: readonly (readonly Letter[])[],
  { dice, began }: { readonly dice: Dice; readonly began: number },
): Promise<Correspondence> {
  const accepted: Accepted[] = [];
  const odd: string[] = [];
  const write = async (thread: readonly Letter[]): Promise<void> => {
    for (const letter of thread) {
      // oxlint-disable-next-line no-await-in-loop -- the order is what is watched
      await pause(Math.max(0, began + letter.at - Date.now()));
      // oxlint-disable-next-line no-await-in-loop
      const taken = await post(stage, letter, { dice, odd });
      if (taken === undefined) return;
      accepted.push(taken);
    }
  };
  await Promise.all(threads.map(write));
  return { accepted, odd };
}

interface Desk {
  readonly dice: Dice;
  readonly odd: string[];
}

async function post(
  stage: Stage,
  letter: Letter,
  { dice, odd }: Desk,
): Promise<Accepted | undefined> {
  const end = Date.now() + PATIENCE_MS;
  for (let tries = 1; Date.now() < end; tries += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    const answer = await tryOnce(stage, letter, dice.pick(stage.apiUrls) ?? "");
    if (answer.kind === "accepted") return { ...letter, id: answer.id, tries };
    if (answer.kind === "odd") {
      odd.push(`${letter.text}: ${answer.says}`);
      return undefined;
    }
    // oxlint-disable-next-line no-await-in-loop -- a client's own patience
    await pause(TRY_AGAIN_MS);
  }
  odd.push(`${letter.text}: not accepted within ${PATIENCE_MS} ms`);
  return undefined;
}

type Try =
  | { readonly kind: "accepted"; readonly id: string }
  | { readonly kind: "again" }
  | { readonly kind: "odd"; readonly says: string };

async function tryOnce({ pombo, devices }: Stage, letter: Letter, url: string): Promise<Try> {
  try {
    const response = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${pombo.ready.api_key}`,
        "content-type": "application/json",
        "idempotency-key": letter.text.replaceAll(" ", ""),
      },
      body: JSON.stringify({
        from: devices[letter.device]?.id,
        to: letter.recipient,
        text: letter.text,
      }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const body = (await response.json()) as { message_id?: string; error_code?: string };
    if (response.status === 202 && body.message_id !== undefined)
      return { kind: "accepted", id: body.message_id };
    const passing = response.status >= 500 || body.error_code === "IDEMPOTENCY_KEY_IN_PROGRESS";
    return passing
      ? { kind: "again" }
      : { kind: "odd", says: `${response.status} ${body.error_code ?? ""}` };
  } catch {
    return { kind: "again" };
  }
}
