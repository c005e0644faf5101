import type { Output } from "@pombo/sdk";
import { command, needed, REMOTE, REMOTE_HELP } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { connectPombo } from "../command/find-pombo.ts";
import { oneLine, table } from "../terminal/table.ts";

const NAME = "dead-letters show";

export const SHOW_LETTER = command({
  name: NAME,
  says: "Shows a dead letter, with each attempt and what may be done now.",
  takes: "MESSAGE [options]",
  help: REMOTE_HELP,
  options: REMOTE,
  words: ["MESSAGE"],
  async run({ values, words }, { environment, terminal, interrupts }) {
    const id = needed(NAME, "MESSAGE", words[0]);
    const { pombo } = await connectPombo(values, environment);
    const letter = await pombo.getLetter({ id }, { signal: interrupts.signal });
    terminal.print(values.json ? JSON.stringify(letter) : describe(letter));
    return EXIT.done;
  },
});

type Letter = Output<"getLetter">;

function describe(letter: Letter): string {
  const { message_id: id, device_id: device, chat_jid: chat, last_error: error } = letter;
  const facts = [
    ["message", id],
    ["device", device ?? ""],
    ["to", chat],
    ["kind", letter.kind],
    ["text", oneLine(letter.text)],
    ["failed at", letter.failed_at],
    ["why", error === null ? "" : `${error.error_code}: ${oneLine(error.error)}`],
    ...(letter.client_ref === null ? [] : [["client_ref", oneLine(letter.client_ref)]]),
  ];
  const history = letter.history.map((one) => [
    String(one.attempt),
    one.began_at ?? "",
    one.ended_at ?? "",
    one.status,
    one.error_code ?? "",
  ]);
  const next =
    letter.effect === "possible"
      ? `It may have left: pombo dead-letters redrive ${id} sends it under the same id, so that the phone shows it once.`
      : `It did not leave: pombo dead-letters redrive ${id} sends it, perhaps with another --text.`;
  const tried = table(["ATTEMPT", "BEGAN", "ENDED", "STATUS", "CODE"], history);
  return [
    ...facts.map(([name = "", value = ""]) => `${name.padEnd(11)}${value}`),
    "",
    tried,
    "",
    next,
  ].join("\n");
}
