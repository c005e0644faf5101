import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { Pombo, QUICK } from "./pombo.ts";
import { runSample } from "./seed-clients/session-client.ts";
import { wutsClient, WutsRefusal } from "./seed-clients/wuts-client.ts";

let pombo: Pombo;
let key: string;

beforeAll(async () => {
  pombo = await Pombo.start({ env: QUICK });
  const { device_id: id } = pombo.ready;
  const body = {
    name: "a client of the published texts",
    scopes: ["messages:send", "messages:read"],
    devices: [id],
    device_id: id,
  };
  key = (await pombo.api<{ key: string }>("POST", "/v1/api-keys", body)).body.key;
});
afterAll(() => pombo[Symbol.asyncDispose]());

const connection = (what: "connect" | "disconnect") =>
  pombo.api("POST", `/v1/devices/${pombo.ready.device_id}/${what}`);

function become(state: string) {
  return eventually(
    () => pombo.device(pombo.ready.device_id),
    (device) => device.state === state,
    30_000,
  );
}

test("wuts: sent means sent, and the phone has it once", async () => {
  const client = wutsClient(pombo.ready.api_url, key);
  const sent = await client.sendText("+55 (11) 91111-0001", "hello");
  expect(sent).toMatchObject({
    success: true,
    status: "sent",
    chat_jid: "5511911110001@s.whatsapp.net",
  });
  expect(await pombo.phoneMessages("5511911110001")).toMatchObject([
    { id: sent.message_id, text: "hello", copies: 1 },
  ]);
});

test("wuts: what is wrong with a request is told by field, and asked once", async () => {
  const client = wutsClient(pombo.ready.api_url, key);
  const refused = await client.sendText("5511911110001", "").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(WutsRefusal);
  expect((refused as WutsRefusal).problem).toMatchObject({
    error_code: "VALIDATION_ERROR",
    validation: [{ field: "text", value: "" }],
  });
  expect(client.requests()).toBe(1);
});

test("wuts: a device that is away is waited for by the client's retries, and the message arrives once", async () => {
  await connection("disconnect");
  await become("disconnected");
  const client = wutsClient(pombo.ready.api_url, key, { tries: 20 });
  const sending = client.sendText("5511911110002", "after the device is back");
  await eventually(
    async () => client.requests(),
    (count) => count >= 3,
  );
  await connection("connect");
  const sent = await sending;
  expect(await pombo.phoneMessages("5511911110002")).toMatchObject([
    { id: sent.message_id, copies: 1 },
  ]);
  await become("connected");
});

test("wuts: the document's curl, as it stands there", async () => {
  const run = promisify(execFile);
  const { stdout } = await run("curl", [
    "-sS",
    "-X",
    "POST",
    `${pombo.ready.api_url}/send/text`,
    "-H",
    `Authorization: Bearer ${key}`,
    "-H",
    "Content-Type: application/json",
    "-d",
    '{ "number": "5511999999999", "text": "" }',
  ]);
  expect(stdout.replace(/"timestamp":"[^"]*"/, '"timestamp":"…"')).toBe(
    '{"success":false,"error":"Validation failed","error_code":"VALIDATION_ERROR","timestamp":"…",' +
      '"validation":[{"field":"text","message":"text is required and must be between 1 and 4096 characters","value":""}]}',
  );
});

const sample = (headers: Record<string, string>, body: object) =>
  runSample(pombo.ready.api_url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
const hello = { to: "5511911110003", message: "hello" };

test("session: the document's sample handles the errors that it can read", async () => {
  const bearer = { Authorization: `Bearer ${key}` };
  expect((await sample(bearer, hello)).data).toMatchObject({
    data: { status: expect.stringMatching(/^(?:sent|delivered|read)$/) as string },
  });
  expect((await sample({}, hello)).said).toEqual([
    "Error UNAUTHORIZED: API key is required. Pass it as a Bearer token.",
  ]);
  expect((await sample({ Authorization: "Bearer nobody" }, hello)).said).toEqual([
    "Error INVALID_API_KEY: The provided API key is invalid or has been revoked.",
  ]);
  await pombo.fault("message", { nack: 500 }, { match: { to: "5511911110004" } });
  expect((await sample(bearer, { ...hello, to: "5511911110004" })).said).toEqual([
    "Error SEND_FAILED: Failed to send message.",
  ]);
  await connection("disconnect");
  await become("disconnected");
  const away = await sample(bearer, hello);
  expect(away.prompted).toBe(true);
  expect(away.said).toEqual([
    "Error SESSION_NOT_CONNECTED: The session linked to this API key is not connected. Connect it from the dashboard first.",
  ]);
  // Its own validation answer has no `error`: the sample can't read it.
  await expect(sample(bearer, {})).rejects.toThrow(TypeError);
});
