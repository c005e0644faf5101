import { setTimeout as pause } from "node:timers/promises";
import type { Output, Pombo } from "@pombo/sdk";
import { command, misused, REMOTE, REMOTE_HELP } from "../command/command.ts";
import type { Context } from "../command/context.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { connectPombo } from "../command/find-pombo.ts";
import { Stopped } from "../command/stopped.ts";
import { bar } from "../terminal/bar.ts";
import { confirm } from "../terminal/confirm.ts";
import {
  demandFilter,
  FILTER,
  FILTER_HELP,
  type FilterValues,
  type LetterFilter,
  listLetters,
} from "./letter-filter.ts";

type Verb = "redrive" | "discard";

const LOOK_MS = 500;
/** Counting goes no further: beyond it the question says "more than". */
const MOST_COUNTED = 10_000;

const OPTIONS = {
  ...REMOTE,
  ...FILTER,
  all: { type: "boolean", default: false },
  yes: { type: "boolean", short: "y", default: false },
} as const;

const MANY_HELP = `${FILTER_HELP}
  --all                     every dead letter`;

export const REDRIVE_LETTERS = command({
  name: "dead-letters redrive",
  says: "Sends dead letters again: those that are named, or all of a filter, after a question.",
  takes: "MESSAGE… | --code CODE --device DEVICE --batch BATCH --since TIME | --all [options]",
  help: `${MANY_HELP}
  --text TEXT               for one letter: what it says instead
  --accept-duplicate        for one that may have left: send it as a new message all the same
  --yes                     ask nothing
${REMOTE_HELP}

A letter that may have left is sent under its old id, so the phone shows it once. Many letters are an operation of Pombo's: it
goes on when this command is left with Ctrl-C.`,
  options: {
    ...OPTIONS,
    text: { type: "string" },
    "accept-duplicate": { type: "boolean", default: false },
  },
  words: ["MESSAGE…"],
  async run({ values, words }, context) {
    const edits = {
      ...(values.text === undefined ? {} : { text: values.text }),
      ...(values["accept-duplicate"] ? { accept_duplicate: true } : {}),
    };
    if (Object.keys(edits).length > 0 && words.length !== 1)
      throw misused("dead-letters redrive", "--text and --accept-duplicate are for one letter");
    const one = (pombo: Pombo, id: string): Promise<object> =>
      pombo.redriveLetter({ id, ...edits }, { signal: context.interrupts.signal });
    return await settleLetters({ verb: "redrive", values, words, one }, context);
  },
});

export const DISCARD_LETTERS = command({
  name: "dead-letters discard",
  says: "Discards dead letters for good: those that are named, or all of a filter, after a question.",
  takes: "MESSAGE… | --code CODE --device DEVICE --batch BATCH --since TIME | --all [options]",
  help: `${MANY_HELP}
  --yes                     ask nothing
${REMOTE_HELP}

For many letters their number has to be typed. The operation goes on when this command is left with Ctrl-C.`,
  options: OPTIONS,
  words: ["MESSAGE…"],
  async run({ values, words }, context) {
    const one = (pombo: Pombo, id: string): Promise<object> =>
      pombo.discardLetter({ id }, { signal: context.interrupts.signal });
    return await settleLetters({ verb: "discard", values, words, one }, context);
  },
});

interface Settling {
  readonly verb: Verb;
  readonly values: FilterValues & {
    readonly url?: string | undefined;
    readonly key?: string | undefined;
    readonly data?: string | undefined;
    readonly json: boolean;
    readonly all: boolean;
    readonly yes: boolean;
  };
  /** Ids of messages. */
  readonly words: readonly string[];
  readonly one: (pombo: Pombo, id: string) => Promise<object>;
}

async function settleLetters(settling: Settling, context: Context): Promise<ExitCode> {
  const { verb, values, words } = settling;
  const name = `dead-letters ${verb}`;
  const filter = words.length > 0 ? {} : demandFilter(name, values);
  if (words.length > 0 && (values.all || Object.values({ ...pick(values) }).some(isGiven)))
    throw misused(name, "ids and a filter exclude each other");
  const { pombo } = await connectPombo(values, context.environment);
  return words.length > 0
    ? await settleNamed(settling, pombo, context)
    : await settleMany({ ...settling, filter }, pombo, context);
}

function pick({ code, device, batch, since }: FilterValues): FilterValues {
  return { code, device, batch, since };
}

function isGiven(value: unknown): boolean {
  return value !== undefined;
}

async function settleNamed(
  { verb, values, words, one }: Settling,
  pombo: Pombo,
  { terminal, interrupts }: Context,
): Promise<ExitCode> {
  const { signal } = interrupts;
  if (verb === "discard") {
    const what = words.length === 1 ? `the letter ${words[0]}` : `${words.length} letters`;
    await confirm({ says: `Discard ${what} for good?`, yes: values.yes, signal }, terminal);
  }
  for (const id of words) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the first refusal stops
    const answer = await one(pombo, id);
    terminal.print(values.json ? JSON.stringify(answer) : `${DONE[verb]}  ${idOf(answer, id)}`);
  }
  return EXIT.done;
}

const DONE = { redrive: "queued", discard: "discarded" } as const;

/** A new message may stand for the letter. */
function idOf(answer: object, letter: string): string {
  const id = "message_id" in answer ? String(answer.message_id) : letter;
  return id === letter ? id : `${id}  in place of ${letter}`;
}

async function settleMany(
  { verb, values, filter }: Settling & { readonly filter: LetterFilter },
  pombo: Pombo,
  context: Context,
): Promise<ExitCode> {
  const { terminal, interrupts } = context;
  const { signal } = interrupts;
  const counted = await count(pombo, filter, signal);
  if (counted.letters === 0) {
    terminal.tell("There is none.");
    return EXIT.done;
  }
  const question = questionOf(verb, counted);
  await confirm({ ...question, yes: values.yes, signal }, terminal);
  const body = values.all ? { all: true as const } : { filter };
  const { operation_id: id } = await (verb === "redrive"
    ? pombo.redriveLetters(body, { signal })
    : pombo.discardLetters(body, { signal }));
  const operation = await follow(id, pombo, context);
  terminal.print(values.json ? JSON.stringify(operation) : summary(operation));
  return operation.state === "done" && operation.failed === 0 ? EXIT.done : EXIT.failed;
}

interface Counted {
  readonly letters: number;
  readonly mayHaveLeft: number;
}

async function count(pombo: Pombo, filter: LetterFilter, signal: AbortSignal): Promise<Counted> {
  let letters = 0;
  let mayHaveLeft = 0;
  for await (const letter of listLetters(pombo, filter, { most: MOST_COUNTED, signal })) {
    letters += 1;
    if (letter.effect === "possible") mayHaveLeft += 1;
  }
  return { letters, mayHaveLeft };
}

/** What is undone by nothing takes more than a letter to agree to. */
function questionOf(
  verb: Verb,
  { letters, mayHaveLeft }: Counted,
): { readonly says: string; readonly answer?: string } {
  const many = letters >= MOST_COUNTED ? `more than ${MOST_COUNTED}` : String(letters);
  if (verb === "discard")
    return { says: `This discards ${many} dead letters for good.`, answer: String(letters) };
  const left =
    mayHaveLeft === 0
      ? ""
      : ` ${mayHaveLeft} of them may have left already: they keep their ids, so that phones show them once.`;
  return { says: `Send ${many} dead letters again?${left}` };
}

type Operation = Output<"getOperation">;

/** Until the operation has ended. @throws Stopped when it is left */
async function follow(id: string, pombo: Pombo, context: Context): Promise<Operation> {
  const { terminal, interrupts } = context;
  const { signal } = interrupts;
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const operation = await pombo.getOperation({ id }, { signal });
      if (operation.state !== "running") return operation;
      const done = operation.done + operation.failed + operation.skipped;
      terminal.show((columns) => bar({ done, total: operation.total }, columns));
      // oxlint-disable-next-line no-await-in-loop
      await pause(LOOK_MS, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Stopped(`Left: the operation ${id} goes on.`, EXIT.pending);
  } finally {
    terminal.clear();
  }
}

function summary({ kind, state, done, failed, refused }: Operation): string {
  const reasons = Object.entries(refused).map(([code, times]) => `${code} ${times}`);
  const line = `${kind === "redrive" ? "sent again" : "discarded"} ${done}, refused ${failed}`;
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return state === "failed" ? `${line}${why}; the operation broke off` : `${line}${why}`;
}
