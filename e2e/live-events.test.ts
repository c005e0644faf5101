import { afterAll, beforeAll, expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";

let pombo: Pombo;

beforeAll(async () => {
  pombo = await Pombo.start({ args: ["--apis", "2"], env: QUICK });
});
afterAll(() => pombo[Symbol.asyncDispose]());

const MESSAGES = 150;
const ROUNDS = 20;
const RECIPIENTS = ["5511900000002", "5511900000003", "5511900000004"] as const;

/** Reads a stream until it has so many events, or until it breaks; returns their ids. */
async function read(base: string, last: string, most: number): Promise<readonly string[]> {
  const stop = new AbortController();
  const ids: string[] = [];
  try {
    const response = await fetch(`${base}/v1/events?type=message.*`, {
      headers: {
        accept: "text/event-stream",
        authorization: `Bearer ${pombo.ready.api_key}`,
        "last-event-id": last,
      },
      signal: stop.signal,
    });
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      const events = blocks.filter((block) => block.includes("\ndata:"));
      ids.push(...events.map((block) => /^id: ?(.*)$/m.exec(block)?.[1] ?? ""));
      if (ids.length >= most) break;
    }
  } catch {
    // The process died: the client goes on at another one.
  } finally {
    stop.abort();
  }
  return ids;
}

async function logged(): Promise<readonly string[]> {
  const ids: string[] = [];
  let next = "0";
  for (let more = true; more;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const { body } = await pombo.api<{ events: { data: { cursor: string } }[]; next: string }>(
      "GET",
      `/v1/events?type=message.*&after=${next}&limit=1000`,
    );
    ids.push(...body.events.map(({ data }) => data.cursor));
    more = body.events.length > 0;
    ({ next } = body);
  }
  return ids;
}

test("a stream resumed at one API and the other, one of them killed, has no gap and no repeat", async () => {
  const sent = Promise.all(
    Array.from({ length: MESSAGES }, (_, index) =>
      pombo.send(RECIPIENTS[index % RECIPIENTS.length] ?? "", `event ${index}`),
    ),
  );
  const seen: string[] = [];
  const resume = async (url: string | undefined, most: number): Promise<void> => {
    seen.push(...(await read(url ?? pombo.ready.api_url, seen.at(-1) ?? "0", most)));
  };
  for (let round = 0; round < ROUNDS; round += 1)
    // oxlint-disable-next-line no-await-in-loop -- one connection after the other
    await resume(pombo.ready.api_urls[round % 2], 15);
  const dying = resume(pombo.ready.api_urls[1], Infinity);
  const ids = await sent;
  process.kill(pombo.ready.pids.api[1] ?? 0, "SIGKILL");
  await dying;
  for (const id of ids)
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(id, ({ status }) => status === "read", 60_000);
  const all = await logged();
  await resume(pombo.ready.api_urls[0], all.length - seen.length);
  expect(seen).toEqual(all);
  expect(new Set(all).size).toBeGreaterThanOrEqual(MESSAGES * 4);
});
