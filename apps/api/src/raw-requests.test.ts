import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN, openTestApi, speak, type TestApi } from "./open-test-api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const HEAD = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN}\r\nContent-Type: application/json\r\n`;
const CHUNK = Buffer.alloc(65_536, "x");
const MEGABYTES_20 = 20 * 1_048_576;

/** The status and the parsed body of the first answer. */
function read(heard: string): { status: number; body: Record<string, unknown>; head: string } {
  const [head = "", ...rest] = heard.split("\r\n\r\n");
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  const body = JSON.parse(rest.join("\r\n\r\n").slice(0, length)) as Record<string, unknown>;
  return { status: Number(head.split(" ")[1]), body, head };
}

const ANSWERED = /\r\n\r\n\{.*\}/s;

test("a client that writes 20 MB before it reads gets its 413", async () => {
  const heard = await speak(
    api.url,
    (socket) => {
      socket.write(`${HEAD}Content-Length: ${MEGABYTES_20}\r\n\r\n`);
      for (let sent = 0; sent < MEGABYTES_20; sent += CHUNK.length) socket.write(CHUNK);
      socket.end();
    },
    /never/,
  );
  expect(read(heard)).toMatchObject({ status: 413, body: { error_code: "PAYLOAD_TOO_LARGE" } });
});

test("a client that writes 20 MB in chunks gets its 413, and the connection stays usable", async () => {
  const heard = await speak(
    api.url,
    (socket) => {
      socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
      for (let sent = 0; sent < MEGABYTES_20; sent += CHUNK.length) {
        socket.write(`${CHUNK.length.toString(16)}\r\n`);
        socket.write(CHUNK);
        socket.write("\r\n");
      }
      socket.write("0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    },
    /"live"/,
  );
  expect(read(heard)).toMatchObject({ status: 413, body: { error_code: "PAYLOAD_TOO_LARGE" } });
  expect(heard).toContain('{"success":true,"status":"live"}');
});

test("a client without a key that writes 20 MB gets its 401", async () => {
  const heard = await speak(
    api.url,
    (socket) => {
      socket.write(
        `POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: ${MEGABYTES_20}\r\n\r\n`,
      );
      for (let sent = 0; sent < MEGABYTES_20; sent += CHUNK.length) socket.write(CHUNK);
      socket.end();
    },
    /never/,
  );
  expect(read(heard)).toMatchObject({ status: 401, body: { error_code: "UNAUTHORIZED" } });
});

test("a body that ends before its announced end is answered", async () => {
  const heard = await speak(api.url, (socket) => {
    socket.write(`${HEAD}Content-Length: 100\r\n\r\n{"text":`);
    socket.end();
  });
  expect(read(heard)).toMatchObject({
    status: 400,
    body: { success: false, error_code: "INVALID_REQUEST_FORMAT" },
  });
});

interface Refused {
  readonly name: string;
  readonly bytes: string;
  readonly status?: number;
  readonly code?: string;
}

const REFUSED: readonly Refused[] = [
  { name: "a line that is no HTTP", bytes: "hello\r\n\r\n" },
  { name: "two lengths", bytes: `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}` },
  {
    name: "a length and chunks",
    bytes: `${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  },
  { name: "a broken chunk", bytes: `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n` },
  {
    name: "a header of 100 kB",
    bytes: `GET /v1/limits HTTP/1.1\r\nX: ${"x".repeat(100_000)}\r\n\r\n`,
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "an address of 100 kB",
    bytes: `GET /v1/${"x".repeat(100_000)} HTTP/1.1\r\n\r\n`,
    status: 413,
    code: "PAYLOAD_TOO_LARGE",
  },
  {
    name: "CONNECT",
    bytes: "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    status: 405,
    code: "METHOD_NOT_ALLOWED",
  },
];

test.each(REFUSED)("$name is answered in an envelope", async (given) => {
  const { bytes, status = 400, code = "INVALID_REQUEST_FORMAT" } = given;
  const answer = read(await speak(api.url, (socket) => socket.write(bytes)));
  expect(answer).toMatchObject({ status, body: { success: false, error_code: code } });
  expect(answer.head).toMatch(/connection: close/i);
});

test("broken HTTP on a path of the session dialect is answered in its envelope", async () => {
  const heard = await speak(api.url, (socket) =>
    socket.write("GET /api/v1/messages HTTP/1.1\r\nbad header\r\n\r\n"),
  );
  expect(read(heard)).toMatchObject({
    status: 422,
    body: { errors: { body: [expect.any(String)] } },
  });
});

test("a request without a Host, an expectation, an upgrade: ordinary requests", async () => {
  for (const header of [
    "",
    "Host: x\r\nExpect: magic\r\n",
    "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
  ]) {
    const bytes = `GET /v1/nope HTTP/1.1\r\n${header}Authorization: Bearer ${ADMIN}\r\n\r\n`;
    const heard = await speak(api.url, (socket) => socket.write(bytes), ANSWERED);
    expect(read(heard)).toMatchObject({ status: 404, body: { error_code: "NOT_FOUND" } });
  }
});

test.each(["http://[", "//[", "*", "/v1/%", "http://x/v1/nope", "/v1/../nope#x"])(
  "the address %s has nothing",
  async (address) => {
    const bytes = `GET ${address} HTTP/1.1\r\nAuthorization: Bearer ${ADMIN}\r\n\r\n`;
    const heard = await speak(api.url, (socket) => socket.write(bytes), ANSWERED);
    expect(read(heard)).toMatchObject({ status: 404, body: { error_code: "NOT_FOUND" } });
  },
);

test("garbage behind a request that is still being answered is answered after it", async () => {
  const device = await api.addDevice();
  const body = { from: device, to: "5511999999999", text: "hello" };
  const { body: sent } = await api.call("POST", "/v1/messages", { body });
  const bytes = `GET /v1/messages/${String(sent["message_id"])}?wait=1 HTTP/1.1\r\nAuthorization: Bearer ${ADMIN}\r\n\r\ngarbage\r\n\r\n`;
  const heard = await speak(api.url, (socket) => socket.write(bytes));
  expect(read(heard)).toMatchObject({ status: 200, body: { status: "queued" } });
  expect(heard).toMatch(/HTTP\/1\.1 400 .*"error_code":"INVALID_REQUEST_FORMAT"/s);
});

test("the server lives after all of this", async () => {
  expect((await api.call("GET", "/health/ready")).status).toBe(200);
});
