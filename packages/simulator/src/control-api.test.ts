import { Agent, request } from "node:https";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSimulator, type Simulator } from "./simulator.ts";
import { loggedIn, memoryAuth, openTestClient, type TestClient } from "./test-client.ts";

let simulator: Simulator;

beforeAll(async () => {
  simulator = await openSimulator({
    tlsPort: 0,
    limits: { httpBodyBytes: 1_000, codeGraceMs: 20, logEntries: 20 },
  });
});
afterAll(() => simulator[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & readonly unknown[];
}

async function call(
  method: string,
  path: string,
  body?: string | object,
  type = "application/json",
): Promise<Answer> {
  const content = typeof body === "object" ? JSON.stringify(body) : body;
  const response = await fetch(`${simulator.controlUrl}${path}`, {
    method,
    ...(content === undefined ? {} : { body: content, headers: { "content-type": type } }),
  });
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

describe("a client paired over HTTP", () => {
  let client: TestClient;

  async function pair(scan: (qr: string) => Promise<Answer>): Promise<Answer> {
    const auth = memoryAuth();
    await using first = openTestClient(simulator, auth);
    const { qr } = await first.update((update) => update.qr !== undefined);
    const answer = await scan(qr ?? "");
    await first.closed();
    client = await loggedIn(openTestClient(simulator, auth));
    return answer;
  }

  test("by the QR's plain text and a number with blanks", async () => {
    const { status, body } = await pair((qr) =>
      call("POST", "/admin/mock-phone/scan-qr?phone=+1 555 000 0001", qr, "text/plain"),
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      phone: "15550000001",
      jid: "15550000001:1@s.whatsapp.net",
      device: 1,
    });
    expect(body["lid"]).toMatch(/^9\d{15}:1@lid$/);
  });

  test("a phone writes to it; messages and log tell", async () => {
    const sent = await call("POST", "/admin/phones/+15550000002/messages", {
      to: "+1 555 0000001",
      text: "hello",
    });
    expect(sent.status).toBe(201);
    const { message } = await client.message(String(sent.body["id"]));
    expect(message?.conversation).toBe("hello");
    const { body } = await call("GET", "/admin/phones/1555%200000001/messages");
    expect(body).toMatchObject([
      { id: sent.body["id"], from: "15550000002", type: "text", text: "hello", copies: 1 },
    ]);
    const log = await call("GET", "/admin/log?after=0");
    const entries = log.body as unknown as { seq: number; kind: string }[];
    expect(entries.map(({ kind }) => kind)).toContain("shown");
    expect(entries.map(({ seq }) => seq)).toEqual(
      entries.map(({ seq }) => seq).toSorted((a, b) => a - b),
    );
    expect((await call("GET", `/admin/log?after=${entries.at(-1)?.seq}`)).body).toEqual([]);
  });

  test("its keys are counted and handed out", async () => {
    const device = "15550000001:1@s.whatsapp.net";
    const { body } = await call("GET", `/admin/keys?device=${device}`);
    expect(body).toMatchObject({ signed_prekey_id: 1 });
    expect((await call("POST", "/admin/keys", { device, left: 700 })).body).toMatchObject({
      prekeys: 700,
    });
    expect((await call("POST", "/admin/keys", { device, left: -1 })).status).toBe(400);
    expect((await call("GET", "/admin/keys?device=1:1@s.whatsapp.net")).status).toBe(404);
    expect((await call("GET", "/admin/keys")).status).toBe(400);
  });

  test("and by JSON, without a number: a fresh one", async () => {
    await client[Symbol.asyncDispose]();
    const { body } = await pair((qr) => call("POST", "/admin/mock-phone/scan-qr", { qr }));
    expect(body).toMatchObject({ phone: "15550100000", device: 1 });
    await client[Symbol.asyncDispose]();
  });

  test("the log says how much it has dropped", async () => {
    const [first] = (await call("GET", "/admin/log")).body as unknown as {
      kind: string;
      count: number;
    }[];
    expect(first?.kind === "dropped" ? first.count : 0).toBe(simulator.log().last - 20);
  });
});

test("settings, faults, stats and trust", async () => {
  const path = "/admin/phones/15550000003/settings";
  const changed = await call("POST", path, {
    on_whatsapp: false,
    read_receipts: false,
    delays: { read: 5 },
  });
  expect(changed.body).toMatchObject({
    on_whatsapp: false,
    read_receipts: false,
    dedupe: true,
    delays: { read: 5 },
  });
  expect((await call("GET", path)).body).toEqual(changed.body);
  const fault = { on: "message", match: { to: "+1555 0000003" }, action: { nack: 479 }, times: 2 };
  expect(await call("POST", "/admin/faults", fault)).toMatchObject({
    status: 201,
    body: { action: { nack: 479 }, remaining: 2 },
  });
  expect((await call("GET", "/admin/faults")).body).toHaveLength(1);
  expect((await call("DELETE", "/admin/faults")).status).toBe(200);
  expect((await call("GET", "/admin/faults")).body).toEqual([]);
  expect((await call("GET", "/admin/stats")).body).toMatchObject({ connections: 0, messages: 0 });
  expect((await call("GET", "/admin/trust")).body).toEqual({
    root_key: simulator.rootKey,
    ca: simulator.ca,
  });
  expect((await call("GET", "/")).body).toHaveProperty("routes");
});

test("a fault lasts until it is removed; one that is used up is no more", async () => {
  const order = { on: "message", match: { to: "15550000003" }, action: "no_ack" };
  const lasting = await call("POST", "/admin/faults", { ...order, times: null });
  expect(lasting.body).toMatchObject({ times: null, remaining: null });
  const path = `/admin/faults/${String(lasting.body["id"])}`;
  expect((await call("DELETE", path)).status).toBe(200);
  expect((await call("DELETE", path)).status).toBe(404);
  expect((await call("DELETE", "/admin/faults/x")).status).toBe(400);
});

test("phones are listed by their latest message, each once over all pages", async () => {
  const fresh = await call("POST", "/admin/phones", {});
  expect(fresh.body).toMatchObject({ messages: 0, last: null, devices: [] });
  expect((await call("POST", "/admin/phones", { number: "15550000010" })).status).toBe(201);
  expect((await call("POST", "/admin/phones", { number: "+1 555 0000010" })).status).toBe(409);
  await call("POST", "/admin/phones/15550000010/messages", { to: "15550000011", text: "late" });
  const numbers: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    // oxlint-disable-next-line no-await-in-loop -- each page depends on the one before
    const { body } = await call("GET", `/admin/phones?limit=2${cursor && `&cursor=${cursor}`}`);
    const page = body as unknown as { items: { number: string }[]; next: string | null };
    numbers.push(...page.items.map(({ number }) => number));
    cursor = page.next;
  }
  expect(numbers.slice(0, 2).toSorted()).toEqual(["15550000010", "15550000011"]);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers).toContain(fresh.body["number"]);
});

test("https answers under the certificate it names", async () => {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const agent = new Agent({ ca: simulator.ca });
  request(`${simulator.controlTlsUrl}/admin/stats`, { agent }, (response) => {
    response.resume();
    resolve(response.statusCode);
  })
    .on("error", reject)
    .end();
  expect(await promise).toBe(200);
  agent.destroy();
});

test.each<[number, string, string, (string | object)?]>([
  [404, "GET", "/nowhere"],
  [404, "GET", "/__proto__"],
  [404, "GET", "/constructor"],
  [405, "DELETE", "/admin/stats"],
  [400, "GET", "/admin/phones/abc/messages"],
  [400, "GET", "/admin/phones/%E0%A4%A/messages"],
  [400, "GET", "/admin/log?after=x"],
  [400, "GET", "/admin/log?after=-1"],
  [400, "POST", "/admin/mock-phone/scan-qr", "not a qr"],
  [400, "POST", "/admin/mock-phone/scan-qr", ""],
  [
    404,
    "POST",
    "/admin/mock-phone/scan-qr",
    `2@x,${["A", "B", "C"].map((c) => `${c.repeat(42)}A=`).join(",")},1`,
  ],
  [404, "POST", "/admin/mock-phone/enter-code", { phone: "15550000009", code: "ABCD-1234" }],
  [400, "POST", "/admin/mock-phone/enter-code", { phone: "15550000009" }],
  [400, "POST", "/admin/mock-phone/enter-code", "{"],
  [400, "POST", "/admin/phones/15550000001/messages", { to: "15550000002" }],
  [400, "POST", "/admin/phones/15550000001/messages", { to: "15550000002", text: "" }],
  [400, "POST", "/admin/phones/15550000001/messages", { to: "x", text: "y" }],
  [400, "POST", "/admin/phones/15550000001/messages", { to: "15550000002", text: "y", media: 1 }],
  [400, "POST", "/admin/phones/15550000001/settings", { on_whatsapp: "yes" }],
  [400, "POST", "/admin/phones/15550000001/settings", { constructor: true }],
  [400, "POST", "/admin/phones/15550000001/settings", { delays: { read: -1 } }],
  [400, "POST", "/admin/faults", { on: "message", action: "explode" }],
  [400, "POST", "/admin/faults", "[]"],
  [400, "POST", "/admin/faults", { on: "message", action: "no_ack", times: 0 }],
  [400, "GET", "/admin/phones?limit=0"],
  [400, "GET", "/admin/phones?cursor=%00"],
  [400, "POST", "/admin/phones", { number: "abc" }],
  [400, "GET", "/admin/phones/15550000001/inbox?chat=x"],
  [400, "POST", "/admin/phones/15550000001/read", {}],
  [400, "GET", "/admin/story?after=-1"],
  [413, "POST", "/admin/faults", "x".repeat(2_000)],
])("%i: %s %s %j", async (status, method, path, body) => {
  const answer = await call(method, path, body);
  expect(answer).toMatchObject({ status, body: { error: expect.any(String) as string } });
});

describe("what a phone writes", () => {
  const path = "/admin/phones/15550000002/messages";
  const to = "15550000001";

  test.each([
    [{ to }, "the body needs exactly one of: text, image"],
    [{ to, text: "a", image: { size: 1 } }, "the body needs exactly one of"],
    [{ to, image: {} }, "image needs either base64 or size"],
    [{ to, image: { size: 1, base64: "QQ==" } }, "image needs either base64 or size"],
    [{ to, image: { base64: "***" } }, "the media is no base64"],
    [{ to, video: { size: 0 } }, "video.size must be a whole number"],
    [{ to, location: { latitude: 91, longitude: 0 } }, "location.latitude must be a number"],
    [{ to, poll: { question: "?", options: [] } }, "poll.options must be a list of texts"],
    [{ to, song: "la" }, "the body has unknown fields: song"],
  ])("%j is refused with the reason", async (body, error) => {
    const answer = await call("POST", path, body);
    expect(answer.status).toBe(400);
    expect(answer.body["error"]).toContain(error);
  });

  test.each([
    { to, reaction: { message_id: "none", emoji: "👍" } },
    { to, quoted: "none", text: "re" },
    { to: "120363000000000001@g.us", text: "nobody here" },
  ])("%j is about something that is not there", async (body) => {
    expect((await call("POST", path, body)).status).toBe(404);
  });

  test("a body may be longer than elsewhere, and has media only where it was sent with some", async () => {
    const sent = await call("POST", path, {
      to,
      document: { base64: Buffer.alloc(3_000).toString("base64") },
    });
    expect(sent.status).toBe(201);
    const { id } = sent.body as unknown as { id: string };
    const inbox = "/admin/phones/15550000001/messages";
    expect((await call("GET", `${inbox}/${id}`)).body).toMatchObject({
      type: "document",
      media: { size: 3_000 },
    });
    const text = await call("POST", path, { to, text: "no media" });
    const other = await call("GET", `${inbox}/${String(text.body["id"])}/media`);
    expect(other).toMatchObject({ status: 404, body: { error: "this message has no media" } });
    expect((await call("GET", `${inbox}/none/media`)).status).toBe(404);
  });
});

describe("groups", () => {
  test.each([
    [{ subject: "x" }, "participants must be a list"],
    [{ subject: "", participants: ["15550000001"] }, "subject must be a text"],
    [{ subject: "x", participants: ["15550000001"], mode: "fax" }, "mode must be lid or pn"],
    [{ subject: "x", participants: ["me"] }, "not a phone number"],
  ])("%j is refused with the reason", async (body, error) => {
    const answer = await call("POST", "/admin/groups", body);
    expect(answer.status).toBe(400);
    expect(answer.body["error"]).toContain(error);
  });

  test("an unknown group is 404, a participant who is in it already 409", async () => {
    expect((await call("GET", "/admin/groups/120363000000000001@g.us")).status).toBe(404);
    const participants = ["15550000001", "15550000002"];
    const made = await call("POST", "/admin/groups", { subject: "x", participants });
    const path = `/admin/groups/${String(made.body["id"])}`;
    const again = await call("POST", `${path}/participants`, { add: participants });
    expect(again.status).toBe(409);
    expect((await call("POST", path, { subject: "y" })).body).toMatchObject({ subject: "y" });
  });
});
