import { nearestName } from "@pombo/contract";
import { catalogRow, ERROR_CODES, type ErrorCode, isErrorCode, type Remedy } from "@pombo/domain";
import { command, misused } from "./command/command.ts";
import { EXIT } from "./command/exit-code.ts";
import { span } from "./terminal/bar.ts";
import { table } from "./terminal/table.ts";

const NAME = "errors";

export const EXPLAIN_ERROR = command({
  name: NAME,
  says: "Explains a code of the error catalog, or lists all of them. Needs no Pombo.",
  takes: "[CODE] [options]",
  help: `  --json                    the rows as JSON
  --help                    this text`,
  options: { json: { type: "boolean", default: false } },
  words: ["CODE"],
  async run({ values, words: [word] }, { terminal }) {
    const code = word?.toUpperCase();
    if (code !== undefined && !isErrorCode(code)) {
      const nearest = nearestName(code, ERROR_CODES);
      const meant = nearest === undefined ? "" : `: did you mean ${nearest}?`;
      throw misused(NAME, `There is no code "${word}"${meant}`);
    }
    const codes = code === undefined ? ERROR_CODES : [code];
    if (values.json)
      for (const one of codes) terminal.print(JSON.stringify({ code: one, ...catalogRow(one) }));
    else if (code === undefined)
      terminal.print(table(["CODE", "WHO ACTS", "IT SAYS"], codes.map(cells)));
    else terminal.print(describe(code));
    return EXIT.done;
  },
});

function cells(code: ErrorCode): string[] {
  const row = catalogRow(code);
  return [code, row.class, row.says];
}

function describe(code: ErrorCode): string {
  const row = catalogRow(code);
  const native = row.http.native?.status;
  const facts = [
    ["it says", row.says],
    [
      "status",
      native === undefined ? "none: only in last_error, events and letters" : String(native),
    ],
    ["who acts", WHO[row.class]],
    ["about", row.scope],
    ["has it left", row.effect === "none" ? "no" : "it may have"],
    ["what happens", whatHappens(row.remedy)],
  ];
  return [code, ...facts.map(([name = "", value = ""]) => `  ${name.padEnd(14)}${value}`)].join(
    "\n",
  );
}

const WHO = {
  client: "the caller: repeating the same changes nothing",
  transient: "nobody: it passes, and may be tried again",
  account: "the owner of the WhatsApp account",
} as const;

function whatHappens(remedy: Remedy): string {
  switch (remedy.kind) {
    case "fix":
      return "it is not tried again; in a worker it becomes a dead letter at once";
    case "backoff":
      return `up to ${remedy.maxAttempts} tries, first after up to ${span(remedy.baseMs)}, later after up to ${span(remedy.capMs)}`;
    case "once-more":
      return `one more try after ${span(remedy.delayMs)}, then it is final`;
    case "again":
      return "the same request again, after a moment";
    case "refresh":
      return "what was known of the recipient is dropped, then once more with the same id";
    case "park":
      return "it waits for its device and uses up no attempt";
    case "throttle":
      return "the lane of the device rests, longer each time";
    case "hold":
      return "cold messages of the account wait, warm chats go on";
    case "reconcile":
      return "late evidence is waited for, then it is sent again under the same id";
  }
}
