import { describe, expect, test } from "vitest";
import { createPombo, type Gap, PomboError, type PomboEvent } from "./index.ts";

interface Seen {
  readonly url: string;
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Reply = (seen: Seen, init: RequestInit) => Response | Promise<Response>;

/** A client, and what it asked for; each reply answers one request, the last one all others. */
function setup(...replies: readonly Reply[]) {
  const seen: Seen[] = [];
  const pombo = createPombo({
    url: "https://pombo.example/",
    key: "pombo_c0_key",
    timeoutMs: 200,
    retry: { baseMs: 1, capMs: 2 },
    fetch: async (input, init = {}) => {
      const { method, body } = init;
      const headers = init.headers as Record<string, string>;
      const one = { url: input as string, method, headers, body };
      seen.push(one);
      const reply = replies[Math.min(seen.length, replies.length) - 1];
      if (reply === undefined) throw new TypeError("there is no reply");
      return reply(one, init);
    },
  });
  return { pombo, seen };
}

const ok: Reply = () => Response.json({ success: true, message_id: "3EB0" }, { status: 202 });
const refused =
  (status: number, error_code: string, headers: Record<string, string> = {}): Reply =>
  () =>
    Response.json(
      {
        success: false,
        error: "No",
        error_code,
        validation: [{ field: "to", message: "m", value: 1 }],
      },
      { status, headers },
    );
const cut: Reply = () => Promise.reject(new TypeError("fetch failed"));

test("parameters, query and body are put where they belong", async () => {
  const { pombo, seen } = setup(ok);
  await pombo.editMessage({ id: "a/b", text: "new" }, { wait: 5 });
  await pombo.getMessage({ id: "3EB0", wait: 2, after_version: 7 });
  await pombo.listDevices();
  await pombo.redriveLetter({ id: "3EB0" });
  expect(seen).toMatchObject([
    {
      url: "https://pombo.example/v1/messages/a%2Fb",
      method: "PATCH",
      body: '{"text":"new"}',
      headers: {
        authorization: "Bearer pombo_c0_key",
        prefer: "wait=5",
        "content-type": "application/json",
      },
    },
    { url: "https://pombo.example/v1/messages/3EB0?wait=2&after_version=7", body: undefined },
    { url: "https://pombo.example/v1/devices", method: "GET" },
    { url: "https://pombo.example/v1/dead-letters/3EB0/redrive", body: undefined },
  ]);
});

test("a call that creates carries one key, made by chance, in all its tries; others carry none", async () => {
  const { pombo, seen } = setup(cut, refused(503, "SERVICE_UNAVAILABLE"), ok);
  await pombo.sendMessage({ from: "dev_1", to: "5511900000002", text: "x" });
  await pombo.sendMessage({ from: "dev_1", to: "5511900000002", text: "x" });
  await pombo.getDevice({ id: "dev_1" });
  await pombo.sendMessage({ from: "dev_1", to: "1", text: "x" }, { idempotencyKey: "mine" });
  const keys = seen.map(({ headers }) => headers["idempotency-key"]);
  expect(keys).toEqual([
    keys[0],
    keys[0],
    keys[0],
    expect.not.stringMatching(String(keys[0])),
    undefined,
    "mine",
  ]);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
});

test("what is the caller's is thrown at once, with all that was said", async () => {
  const { pombo, seen } = setup(refused(400, "VALIDATION_ERROR"));
  const error = await pombo.getDevice({ id: "x" }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PomboError);
  expect(error).toMatchObject({
    code: "VALIDATION_ERROR",
    class: "client",
    status: 400,
    detail: "No",
    validation: [{ field: "to", message: "m", value: 1 }],
  });
  expect(seen).toHaveLength(1);
});

test("an account that has to be looked after, and too long a wait, are thrown at once too", async () => {
  const held = setup(refused(503, "ACCOUNT_RESTRICTED", { "retry-after": "1" }));
  await expect(held.pombo.listDevices()).rejects.toMatchObject({
    class: "account",
    retryAfterMs: 1_000,
  });
  const long = setup(refused(429, "RATE_LIMITED", { "retry-after": "3600" }));
  await expect(long.pombo.listDevices()).rejects.toMatchObject({ code: "RATE_LIMITED" });
  expect([held.seen.length, long.seen.length]).toEqual([1, 1]);
});

test("tries end; what is thrown then is the last error", async () => {
  const { pombo, seen } = setup(cut);
  await expect(pombo.listDevices()).rejects.toMatchObject({
    code: "NO_ANSWER",
    class: "transient",
    status: 0,
  });
  expect(seen).toHaveLength(4);
});

test("a request without an answer is not repeated where that could do it twice", async () => {
  const { pombo, seen } = setup(cut);
  await expect(pombo.logoutDevice({ id: "dev_1" })).rejects.toMatchObject({ code: "NO_ANSWER" });
  expect(seen).toHaveLength(1);
});

test("an answer that breaks off, or is not JSON, is no answer", async () => {
  const half: Reply = () =>
    new Response(
      new ReadableStream({ start: (stream) => stream.error(new TypeError("terminated")) }),
    );
  const { pombo, seen } = setup(half, () => new Response("<html>"), ok);
  expect(await pombo.listDevices()).toMatchObject({ success: true });
  expect(seen).toHaveLength(3);
});

test("each try has a time of its own; a signal ends the call with its reason", async () => {
  const never: Reply = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const { pombo, seen } = setup(never, never, ok);
  await pombo.listDevices(undefined, { timeoutMs: 20 });
  expect(seen).toHaveLength(3);
  const stop = new AbortController();
  const call = setup(never).pombo.listDevices({}, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
});

test("events go on over a broken stream from the last id, a gap is told, and a key that ended is thrown", async () => {
  const event = (cursor: string) =>
    `id: ${cursor}\ndata: ${JSON.stringify({ type: "message.sent", timestamp: "", data: { cursor, status_version: 1 } })}\n\n`;
  const stream =
    (text: string): Reply =>
    () =>
      new Response(text);
  const { pombo, seen } = setup(
    stream(`id: 1-0\n\n${event("2-0")}${event("3-0")}:\nid: 4-0\n\n`),
    cut,
    stream(`event: gap\ndata: {"oldest":"8-0"}\n\n${event("8-0")}event: ended\ndata: {}\n\n`),
    refused(401, "INVALID_API_KEY"),
  );
  const told: (PomboEvent | Gap)[] = [];
  const listening = (async () => {
    for await (const one of pombo.events({ type: "message.*", after: "1-0" })) told.push(one);
  })();
  await expect(listening).rejects.toMatchObject({ code: "INVALID_API_KEY" });
  expect(told).toMatchObject([
    { data: { cursor: "2-0" } },
    { data: { cursor: "3-0" } },
    { type: "gap", oldest: "8-0" },
    { data: { cursor: "8-0" } },
  ]);
  expect(seen.map(({ headers }) => headers["last-event-id"])).toEqual([
    undefined,
    "4-0",
    "4-0",
    "8-0",
  ]);
  expect(seen[0]?.url).toContain("?after=1-0&type=message.*");
});

test("a stream that falls silent is opened again; a signal ends it quietly", async () => {
  const silent: Reply = (_, { signal }) =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("id: 1-0\n\n"));
          signal?.addEventListener("abort", () => controller.error(signal.reason));
        },
      }),
    );
  const stop = new AbortController();
  const { pombo, seen } = setup(silent, (one, init) => {
    stop.abort();
    init.signal?.throwIfAborted();
    return silent(one, init);
  });
  for await (const _ of pombo.events({ signal: stop.signal, silenceMs: 30 }))
    throw new Error("told");
  expect(seen.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1-0"]);
});

describe("a batch", () => {
  const accepted: Reply = () => Response.json({ success: true, batch_id: "bat_1" });
  const textOf = async (body: unknown): Promise<string> => new Response(body as BodyInit).text();
  const rows = [{ to: "5511900000002", name: "Ana" }, { to: "5511900000003" }];
  const settings = { from: "dev_1", template: "Hello {{name}}", on_invalid: "reject" } as const;
  const lines = `${[{ batch: settings }, ...rows].map((line) => JSON.stringify(line)).join("\n")}\n`;

  test("goes as NDJSON: its settings, and then its rows, with a key of its own", async () => {
    const { pombo, seen } = setup(accepted);
    expect(await pombo.batches.create({ ...settings, rows })).toMatchObject({ batch_id: "bat_1" });
    expect(seen).toMatchObject([
      {
        url: "https://pombo.example/v1/batches",
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: lines,
      },
    ]);
    expect(seen[0]?.headers["idempotency-key"]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("that broke off is sent again from the start under the same key, when its rows can be had again", async () => {
    const { pombo, seen } = setup(cut, refused(503, "SERVICE_UNAVAILABLE"), accepted);
    await pombo.batches.create({ ...settings, rows: () => rows.values() });
    expect(await Promise.all(seen.map(({ body }) => textOf(body)))).toEqual([lines, lines, lines]);
    expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    const once = setup(cut);
    await expect(
      once.pombo.batches.create({ ...settings, rows: rows.values() }),
    ).rejects.toMatchObject({ code: "NO_ANSWER" });
    expect(once.seen).toHaveLength(1);
  });

  test("of very many rows is made as it is read", async () => {
    let made = 0;
    function* endless() {
      for (;;) yield { to: String((made += 1)) };
    }
    const { pombo, seen } = setup(async ({ body }) => {
      const reader = (body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      expect(new TextDecoder().decode(value)).toContain('"from":"dev_1"');
      await reader.cancel();
      return accepted(seen[0] as Seen, {});
    });
    await pombo.batches.create({ from: "dev_1", rows: endless });
    expect(made).toBeGreaterThan(1_000);
    expect(made).toBeLessThan(30_000);
  });

  test("may be CSV; its settings are the query then", async () => {
    const { pombo, seen } = setup(accepted);
    await pombo.batches.create({ ...settings, csv: "to,name\n5511900000002,Ana\n" });
    expect(seen).toMatchObject([
      {
        url: "https://pombo.example/v1/batches?from=dev_1&on_invalid=reject&template=Hello+%7B%7Bname%7D%7D",
        headers: { "content-type": "text/csv" },
        body: "to,name\n5511900000002,Ana\n",
      },
    ]);
  });

  test("is previewed as it would be sent, without a key; how closely to look is asked in the query", async () => {
    const { pombo, seen } = setup(() => Response.json({ success: true, accepted: 2 }));
    const told = await pombo.batches.preview({ ...settings, rows, sample: 5, look_up: 0 });
    expect(told).toMatchObject({ accepted: 2 });
    expect(seen).toMatchObject([
      {
        url: "https://pombo.example/v1/batches/preview?sample=5&look_up=0",
        headers: { "content-type": "application/x-ndjson" },
        body: lines,
      },
    ]);
    expect(seen[0]?.headers["idempotency-key"]).toBeUndefined();
  });
});
