import type { Output, Pombo } from "@pombo/sdk";
import { PomboError } from "@pombo/sdk";
import { command, misused, needed, REMOTE, REMOTE_HELP, wholeOption } from "../command/command.ts";
import type { Context } from "../command/context.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { connectPombo } from "../command/find-pombo.ts";
import { Stopped } from "../command/stopped.ts";
import { oneLine } from "../terminal/table.ts";
import { randomKey } from "../command/random-key.ts";

const NAME = "send";
const PRIORITIES = ["otp", "high", "normal", "bulk"] as const;
const LONGEST_WAIT_S = 60;

export const SEND = command({
  name: NAME,
  says: "Sends a text, waits for what becomes of it, and says so.",
  takes: "--to NUMBER --text TEXT [--from DEVICE] [options]",
  help: `  --from DEVICE             the sending device or pool; may be left out when there is one device only
  --to NUMBER               a phone number in international form, or the JID of a group
  --text TEXT               what it says; - reads it from standard input
  --wait SECONDS            how long to wait for the outcome, 0 to ${LONGEST_WAIT_S} (30)
  --priority CLASS          ${PRIORITIES.join(", ")} (normal)
  --send-at TIME            like 2030-01-31T12:00:00Z
  --client-ref TEXT         your own name for the message
  --idempotency-key KEY     sent again with the same key, it is the same message
${REMOTE_HELP}

Ends with 0 when WhatsApp took it, 1 when it failed for good, 5 when it is accepted and waits.`,
  options: {
    ...REMOTE,
    from: { type: "string" },
    to: { type: "string" },
    text: { type: "string" },
    wait: { type: "string", default: "30" },
    priority: { type: "string" },
    "send-at": { type: "string" },
    "client-ref": { type: "string" },
    "idempotency-key": { type: "string" },
  },
  async run({ values }, context) {
    const to = needed(NAME, "--to", values.to);
    const given = needed(NAME, "--text", values.text);
    const wait = wholeOption(NAME, ["--wait", values.wait], [0, LONGEST_WAIT_S]);
    const priority = PRIORITIES.find((one) => one === values.priority);
    if (values.priority !== undefined && priority === undefined)
      throw misused(NAME, `--priority takes one of ${PRIORITIES.join(", ")}`);
    const { pombo } = await connectPombo(values, context.environment);
    const from = values.from ?? (await onlyDevice(pombo));
    const text = given === "-" ? await context.terminal.readAll() : given;
    const message = {
      from,
      to,
      text,
      ...(priority === undefined ? {} : { priority }),
      ...(values["send-at"] === undefined ? {} : { send_at: values["send-at"] }),
      ...(values["client-ref"] === undefined ? {} : { client_ref: values["client-ref"] }),
    };
    const key = values["idempotency-key"] ?? randomKey();
    return await sendAndTell({ message, wait, key, json: values.json }, { pombo, context });
  },
});

interface Sending {
  readonly message: Parameters<Pombo["sendMessage"]>[0];
  readonly wait: number;
  readonly key: string;
  readonly json: boolean;
}

interface SendDeps {
  readonly pombo: Pombo;
  readonly context: Context;
}

async function sendAndTell(sending: Sending, { pombo, context }: SendDeps): Promise<ExitCode> {
  const { terminal, interrupts } = context;
  const { signal } = interrupts;
  const { message, wait, key, json } = sending;
  try {
    terminal.show(() => `Waiting up to ${wait} s for the outcome (Ctrl-C leaves it) …`);
    const answer = await pombo.sendMessage(message, { wait, idempotencyKey: key, signal });
    const whole = await pombo.getMessage({ id: answer.message_id }, { signal });
    terminal.clear();
    terminal.print(json ? JSON.stringify(whole) : outcome(whole));
    return exitOf(whole);
  } catch (error) {
    terminal.clear();
    if (signal.aborted)
      throw new Stopped(
        `Interrupted; it may have been accepted. The same command with --idempotency-key ${key} tells, and never sends it twice.`,
        EXIT.interrupted,
      );
    if (!(error instanceof PomboError) || error.messageId === undefined) throw error;
    terminal.print(json ? JSON.stringify(failureOf(error)) : failureLine(error));
    return EXIT.failed;
  }
}

type Message = Output<"getMessage">;

function exitOf({ status }: Message): ExitCode {
  if (["sent", "delivered", "read", "played"].includes(status)) return EXIT.done;
  return ["failed", "expired", "canceled"].includes(status) ? EXIT.failed : EXIT.pending;
}

function outcome(message: Message): string {
  const { status, message_id: id, chat_jid: chat, last_error: error } = message;
  const line = `${status}  ${id}  to ${chat}`;
  if (exitOf(message) === EXIT.done) return line;
  const why = [
    ...(message.blocked_by === null ? [] : [`it waits: ${message.blocked_by}`]),
    ...(message.eta === null ? [] : [`expected at ${message.eta}`]),
    ...(message.send_at === null || status !== "scheduled" ? [] : [`at ${message.send_at}`]),
    ...(error === null ? [] : [`${error.error_code}: ${oneLine(error.error)}`]),
  ];
  return [line, ...why.map((text) => `  ${text}`)].join("\n");
}

function failureOf({ code, detail, messageId }: PomboError): object {
  return { message_id: messageId, status: "failed", error_code: code, error: detail };
}

function failureLine({ code, detail, messageId }: PomboError): string {
  return `failed  ${messageId ?? ""}\n  ${code}: ${detail}`;
}

/** @throws Stopped */
async function onlyDevice(pombo: Pombo): Promise<string> {
  const { devices, next_cursor: more } = await pombo.listDevices({ limit: 2 });
  const [first] = devices;
  if (first === undefined)
    throw new Stopped("There is no device: pombo devices pair makes one.", EXIT.usage);
  if (devices.length > 1 || more !== null)
    throw misused(NAME, "--from is needed, as there are several devices");
  return first.device_id;
}
