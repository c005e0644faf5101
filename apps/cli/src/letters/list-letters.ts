import { command, REMOTE, REMOTE_HELP, wholeOption } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { connectPombo } from "../command/find-pombo.ts";
import { oneLine, table } from "../terminal/table.ts";
import { FILTER, FILTER_HELP, filterOf, type Letter, listLetters } from "./letter-filter.ts";

const NAME = "dead-letters list";
const MOST = 100_000;

export const LIST_LETTERS = command({
  name: NAME,
  says: "Lists what failed in a worker and was neither sent again nor discarded, newest first.",
  takes: "[options]",
  help: `${FILTER_HELP}
  --limit N                 at most so many (50)
${REMOTE_HELP}`,
  options: { ...REMOTE, ...FILTER, limit: { type: "string", default: "50" } },
  async run({ values }, { environment, terminal, interrupts }) {
    const most = wholeOption(NAME, ["--limit", values.limit], [1, MOST]);
    const { pombo } = await connectPombo(values, environment);
    const { signal } = interrupts;
    const letters: Letter[] = [];
    for await (const letter of listLetters(pombo, filterOf(values), { most, signal }))
      letters.push(letter);
    if (values.json) for (const letter of letters) terminal.print(JSON.stringify(letter));
    else if (letters.length === 0) terminal.tell("There is none.");
    else terminal.print(table(HEADS, letters.map(cells)));
    return EXIT.done;
  },
});

const HEADS = ["MESSAGE", "FAILED AT", "CODE", "DEVICE", "TO", "TRIES", "MAY HAVE LEFT"];

function cells(letter: Letter): string[] {
  const { message_id: id, failed_at: at, error_code: code, device_id: device } = letter;
  const mayHaveLeft = letter.effect === "possible" ? "yes" : "";
  return [id, at, code, device, oneLine(letter.chat_jid), String(letter.attempts), mayHaveLeft];
}
