import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { toString } from "qrcode";
import { expect, test } from "vitest";
import { openInterrupts } from "../command/interrupts.ts";
import { testTerminal } from "../terminal/streams.test-setup.ts";
import { PAIR_DEVICE } from "./pair-device.ts";

const DEVICE = { success: true, device_id: "dev_0123456789abcdef", phone_number: "5511900000001" };

/** A Pombo whose pairing goes as written: each text is one stream of codes. */
async function pairWith(streams: readonly string[], args: readonly string[] = []) {
  const left = [...streams];
  const asked: string[] = [];
  const isOver = (): boolean => left.length === 0;
  const server = createServer((request: IncomingMessage, response) => {
    const { method = "", url = "" } = request;
    asked.push(`${method} ${url}`);
    request.resume();
    if (url.endsWith("/qr")) return stream(response, left.shift() ?? "");
    const state = isOver() ? "connected" : "pairing";
    answer(response, { ...DEVICE, state, jid: isOver() ? "5511900000001@s.whatsapp.net" : null });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { terminal, output } = testTerminal();
  using interrupts = openInterrupts(() => undefined);
  const where = ["--url", `http://127.0.0.1:${port}`, "--key", "k", ...args];
  const context = { environment: {}, folder: "/", terminal, interrupts };
  const ended = await PAIR_DEVICE.run(where, context).catch((error: unknown) => error);
  server.close();
  server.closeAllConnections();
  return { ended, asked, text: output.text() };
}

function stream(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(text);
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

const FIRST = event("qr", { qr: "2@first", ttl: 20 });
const SECOND = event("qr", { qr: "2@second", ttl: 20 });
const PAIRED = event("paired", {});

async function picture(code: string): Promise<string> {
  return (await toString(code, { type: "utf8", margin: 2 })).trimEnd();
}

test("each code is shown as it comes, until the device is connected", async () => {
  const { ended, text, asked } = await pairWith([`:\n\n${FIRST}${SECOND}${PAIRED}`]);
  expect(ended).toBe(0);
  const both = await Promise.all([picture("2@first"), picture("2@second")]);
  expect(text).toContain(both.join("\n"));
  expect(text).toMatch(/connected {2}dev_0123456789abcdef {2}5511900000001\n$/);
  expect(asked.slice(0, 2)).toEqual([
    "POST /v1/devices",
    "POST /v1/devices/dev_0123456789abcdef/connect",
  ]);
});

test("a stream that breaks is opened again", async () => {
  const { ended, asked } = await pairWith([FIRST, `${SECOND}${PAIRED}`]);
  expect(ended).toBe(0);
  expect(asked.filter((one) => one.endsWith("/qr"))).toHaveLength(2);
});

test("a pairing that ended says why", async () => {
  const over = event("ended", { error: "The pairing has ended: connect again" });
  const { ended } = await pairWith([`${FIRST}${over}`, ""]);
  expect(ended).toMatchObject({ code: 1, message: /connect again/ as never });
});

test("a device that is there is not made again", async () => {
  const { asked } = await pairWith([PAIRED], ["--device", DEVICE.device_id]);
  expect(asked[0]).toBe("POST /v1/devices/dev_0123456789abcdef/connect");
});
