import { EXIT } from "../command/exit-code.ts";
import { Stopped } from "../command/stopped.ts";
import type { Terminal } from "./terminal.ts";

export interface Question {
  /** A sentence with a question mark. */
  readonly says: string;
  /** What has to be typed; `y` or `yes` when absent. */
  readonly answer?: string;
  /** `--yes` was given. */
  readonly yes: boolean;
  readonly signal?: AbortSignal;
}

/** Goes on only when the person agrees. Where nobody can be asked, only with `--yes`. @throws Stopped */
export async function confirm(question: Question, terminal: Terminal): Promise<void> {
  if (question.yes) return;
  if (!terminal.isInteractive)
    throw new Stopped(
      `${question.says}\nNobody is here to be asked: say --yes to mean it.`,
      EXIT.declined,
    );
  const { answer, says, signal } = question;
  const hint = answer === undefined ? "[y/N]" : `Type ${answer} to mean it:`;
  const typed = await terminal.ask(`${says} ${hint} `, signal);
  signal?.throwIfAborted();
  const given = typed?.trim().toLowerCase() ?? "";
  if (answer === undefined ? /^y(es)?$/.test(given) : given === answer.toLowerCase()) return;
  throw new Stopped("Nothing was done.", EXIT.declined);
}
