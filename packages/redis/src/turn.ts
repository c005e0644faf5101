import type { Writable } from "node:stream";

/**
 * What belongs together because it came in one turn of the event loop leaves together. A turn reads every socket that has something
 * to say; only then the check phase comes, in which this drains: nothing waits for longer than the turn itself takes.
 */
const due: (() => void)[] = [];
let draining = false;

/** Runs at the end of this turn; what is added while it drains still runs in it. */
function atTurnEnd(run: () => void): void {
  if (due.length === 0) setImmediate(drain);
  due.push(run);
}

function drain(): void {
  // Whoever asks for it while it runs is reached by the walk.
  if (draining) return;
  draining = true;
  let index = 0;
  try {
    // The list grows while it is walked.
    for (; index < due.length; index += 1) due[index]?.();
  } finally {
    draining = false;
    // Where one has thrown, the others come next.
    due.splice(0, index + 1);
    if (due.length > 0) setImmediate(drain);
  }
}

/**
 * Commands of one turn leave as one write, and the server reads and answers them at once. Observed: on a virtual machine the system
 * calls of a command that travels alone cost several times what the command itself costs, on both sides.
 */
export function writeTogether(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
  let corked = false;
  stream.write = (...args: readonly unknown[]): boolean => {
    if (!corked) {
      corked = true;
      stream.cork();
      atTurnEnd(() => {
        corked = false;
        stream.uncork();
      });
    }
    return write(...args);
  };
}

interface Asked<Ask, Reply> {
  readonly ask: Ask;
  readonly settle: PromiseWithResolvers<Reply>;
}

/**
 * Collects what is asked for within one turn into one command, `most` at a time. `answerAll` gives an answer for each, in their
 * order; where it fails, all fail.
 */
export function gather<Ask, Reply>(
  answerAll: (asks: readonly Ask[]) => Promise<readonly Reply[]>,
  most: number,
): (ask: Ask) => Promise<Reply> {
  let waiting: Asked<Ask, Reply>[] = [];
  const flush = (): void => {
    const all = waiting;
    waiting = [];
    for (let from = 0; from < all.length; from += most)
      void answer(all.slice(from, from + most), answerAll);
  };
  return (ask) => {
    if (waiting.length === 0) atTurnEnd(flush);
    const settle = Promise.withResolvers<Reply>();
    waiting.push({ ask, settle });
    // Enough for a command: the server may work while the rest of the turn is read.
    if (waiting.length >= most) drain();
    return settle.promise;
  };
}

async function answer<Ask, Reply>(
  asked: readonly Asked<Ask, Reply>[],
  answerAll: (asks: readonly Ask[]) => Promise<readonly Reply[]>,
): Promise<void> {
  try {
    const replies = await answerAll(asked.map(({ ask }) => ask));
    if (replies.length !== asked.length) throw new Error("an answer is missing");
    for (const [index, { settle }] of asked.entries()) settle.resolve(replies[index] as Reply);
  } catch (error) {
    for (const { settle } of asked) settle.reject(error);
  }
}
