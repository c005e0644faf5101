import { expect, test } from "vitest";
import { Pombo, QUICK } from "./pombo.ts";

const CLIENTS = 50;

test("one key from 50 clients at once on 3 API processes, one of them killed in the middle: one message", async () => {
  await using pombo = await Pombo.start({ env: QUICK, args: ["--apis", "3"] });
  const urls = pombo.ready.api_urls;
  expect(urls).toHaveLength(3);
  const to = "5511940000001";
  const body = { from: pombo.ready.device_id, to, text: "exactly once" };
  const post = (url: string, text: string) =>
    fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${pombo.ready.api_key}`,
        "content-type": "application/json",
        "idempotency-key": "order-1234",
      },
      body: JSON.stringify({ ...body, text }),
    });
  let answered = 0;
  const victim = pombo.ready.pids.api.at(-1) ?? 0;

  /** As a client does: goes to the next process when one is gone, and asks again while the key is in progress. */
  async function insist(client: number): Promise<string> {
    for (let tries = 0; tries < 500; tries += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one try after the other
        const response = await post(urls[(client + tries) % urls.length] ?? "", body.text);
        // oxlint-disable-next-line no-await-in-loop
        const answer = (await response.json()) as { message_id: string; error_code?: string };
        if ((answered += 1) === 5) process.kill(victim, "SIGKILL");
        if (response.status === 202) return answer.message_id;
        expect(answer.error_code).toBe("IDEMPOTENCY_KEY_IN_PROGRESS");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    }
    throw new Error("never answered");
  }

  const ids = await Promise.all(Array.from({ length: CLIENTS }, (_, client) => insist(client)));
  expect(new Set(ids).size).toBe(1);
  const [id = ""] = ids;
  await pombo.until(id, ({ status }) => status === "read");
  expect(await pombo.phoneMessages(to)).toMatchObject([{ id, text: body.text, copies: 1 }]);
  const other = await post(urls[0] ?? "", "something else");
  expect(other.status).toBe(409);
  expect(await other.json()).toMatchObject({ error_code: "IDEMPOTENCY_KEY_REUSED" });
});
