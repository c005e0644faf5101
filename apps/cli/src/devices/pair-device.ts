import { setTimeout as pause } from "node:timers/promises";
import { type Output, type Pombo, PomboError, readServerSentEvents } from "@pombo/sdk";
import { command, misused, REMOTE, REMOTE_HELP } from "../command/command.ts";
import type { Context } from "../command/context.ts";
import { EXIT } from "../command/exit-code.ts";
import { connectPombo } from "../command/find-pombo.ts";
import { Stopped } from "../command/stopped.ts";
import { openQrBoard } from "./qr-board.ts";

const NAME = "devices pair";
const RECONNECT_MS = 1_000;
const LOOK_MS = 300;

export const PAIR_DEVICE = command({
  name: NAME,
  says: "Links a WhatsApp account: shows the QR code, each new one in place of the last, until the phone has scanned it.",
  takes: "[--name NAME | --device DEVICE] [--code PHONE] [options]",
  help: `  --name NAME               of the new device ("phone")
  --device DEVICE           a device that is there already and not paired
  --code PHONE              a code to type on that phone, instead of a QR code to scan
${REMOTE_HELP}

On the phone: WhatsApp, Linked devices, Link a device. Ends with 0 when the device is connected.`,
  options: {
    ...REMOTE,
    name: { type: "string" },
    device: { type: "string" },
    code: { type: "string" },
  },
  async run({ values }, context) {
    if (values.name !== undefined && values.device !== undefined)
      throw misused(NAME, "--name and --device exclude each other");
    const { pombo } = await connectPombo(values, context.environment);
    const { signal } = context.interrupts;
    const id = values.device ?? (await createDevice(pombo, values.name ?? "phone", signal));
    const pairing = { id, pombo, context };
    try {
      await unlessPaired(pairing, () =>
        values.code === undefined ? pairByQr(pairing) : pairByCode(pairing, values.code),
      );
      const device = await untilConnected(pairing);
      const { phone_number: phone } = device;
      context.terminal.print(
        values.json ? JSON.stringify(device) : `connected  ${id}  ${phone ?? ""}`.trimEnd(),
      );
      return EXIT.done;
    } catch (error) {
      context.terminal.clear();
      if (!signal.aborted) throw error;
      throw new Stopped(
        `Interrupted. The device stays: pombo devices pair --device ${id} goes on.`,
        EXIT.interrupted,
      );
    }
  },
});

interface Pairing {
  readonly id: string;
  readonly pombo: Pombo;
  readonly context: Context;
}

async function createDevice(pombo: Pombo, name: string, signal: AbortSignal): Promise<string> {
  return (await pombo.createDevice({ name }, { signal })).device_id;
}

/** A phone may have agreed before this command asked: then there is nothing left to show. */
async function unlessPaired(
  { id, pombo, context }: Pairing,
  pair: () => Promise<void>,
): Promise<void> {
  try {
    await pair();
  } catch (error) {
    const isConflict = error instanceof PomboError && error.code === "CONFLICT";
    if (!isConflict || !(await isPaired(pombo, id, context.interrupts.signal))) throw error;
  }
}

async function pairByQr({ id, pombo, context }: Pairing): Promise<void> {
  const { terminal, interrupts } = context;
  await pombo.connectDevice({ id }, { signal: interrupts.signal });
  using board = openQrBoard(terminal);
  await followCodes({ id, pombo, context }, (qr) => board.show(qr));
}

async function pairByCode(pairing: Pairing, phone: string): Promise<void> {
  const { id, pombo, context } = pairing;
  const { terminal, interrupts } = context;
  const { code, expires_at: until } = await pombo.pairByCode(
    { id, phone },
    { signal: interrupts.signal },
  );
  terminal.print(`${code.slice(0, 4)}-${code.slice(4)}`);
  terminal.tell(`Type it on ${phone}, in WhatsApp, Linked devices, by ${until}.`);
  terminal.show(() => "Waiting for the phone (Ctrl-C ends this) …");
  await followCodes(pairing, () => undefined);
  terminal.clear();
}

type Qr = Output<"getQr">;

/** Shows each code of the stream, and returns when the device is paired. A stream that breaks is opened again. @throws Stopped */
async function followCodes(
  { id, pombo, context }: Pairing,
  show: (qr: Qr) => Promise<void> | undefined,
): Promise<void> {
  const { signal } = context.interrupts;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one stream after the other
    const stream = await pombo.raw("getQr", { id }, { accept: "text/event-stream", signal });
    // oxlint-disable-next-line no-await-in-loop
    const end = await readCodes(stream, show, signal);
    if (end === "paired") return;
    // oxlint-disable-next-line no-await-in-loop
    await pause(RECONNECT_MS, undefined, { signal });
    // oxlint-disable-next-line no-await-in-loop
    if (await isPaired(pombo, id, signal)) return;
  }
}

async function readCodes(
  stream: Response,
  show: (qr: Qr) => Promise<void> | undefined,
  signal: AbortSignal,
): Promise<"paired" | "broken"> {
  try {
    for await (const { event, data = "{}" } of readServerSentEvents(bodyOf(stream))) {
      if (event === "paired") return "paired";
      if (event === "qr") await show(JSON.parse(data) as Qr);
      if (event === "ended") throw new Stopped(endOf(data), EXIT.failed);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Stopped) throw error;
  }
  return "broken";
}

function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  return body ?? new ReadableStream();
}

function endOf(data: string): string {
  const { error } = JSON.parse(data) as { readonly error?: string };
  return `The pairing has ended: ${error ?? "no reason was given"}.`;
}

async function isPaired(pombo: Pombo, id: string, signal: AbortSignal): Promise<boolean> {
  return (await pombo.getDevice({ id }, { signal })).jid !== null;
}

/** The phone has agreed; the device logs in once more. */
async function untilConnected({ id, pombo, context }: Pairing): Promise<Output<"getDevice">> {
  const { terminal, interrupts } = context;
  const { signal } = interrupts;
  terminal.show(() => "The phone agreed; connecting …");
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const device = await pombo.getDevice({ id }, { signal });
    if (device.state === "connected" || device.state === "restricted") {
      terminal.clear();
      return device;
    }
    if (device.state === "logged_out" || device.state === "blocked")
      throw new Stopped(`The device is ${device.state}: ${device.cause ?? "?"}.`, EXIT.failed);
    // oxlint-disable-next-line no-await-in-loop
    await pause(LOOK_MS, undefined, { signal });
  }
}
