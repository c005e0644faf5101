import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { Pombo, QUICK } from "./pombo.ts";

test("the logs of a whole run hold no key, no text, no full phone number and no Signal session", async () => {
  await using pombo = await Pombo.start({ env: QUICK });
  const to = "5511987654321";
  const text = "the secret sentence of this test";
  const id = await pombo.send(to, text);
  await pombo.until(id, ({ status }) => status === "read");
  // A reconnect makes the client renew its sessions, which is when libsignal likes to print them.
  await pombo.fault("message", "close_after_relay", { match: { to } });
  const again = await pombo.send(to, text);
  await pombo.until(again, ({ status }) => status === "read");
  await pombo.fault("message", { nack: 479 }, { match: { to } });
  await pombo.until(await pombo.send(to, text), ({ status }) => status === "read");
  await pombo.control("POST", `/admin/phones/${to}/messages`, { to: pombo.ready.phone, text });
  await pombo.api("POST", "/v1/messages", { from: pombo.ready.device_id, to: `${to}x`, text });
  await pombo.api("POST", "/v1/suppressions", { to, note: text });
  for (const method of ["GET", "DELETE"])
    // oxlint-disable-next-line no-await-in-loop
    await pombo.api(method, `/v1/suppressions/${to}`);
  const erased = await pombo.api<{ operation_id: string }>("DELETE", `/v1/contacts/+${to}/data`);
  await eventually(
    () => pombo.api<{ state: string }>("GET", `/v1/operations/${erased.body.operation_id}`),
    ({ body }) => body.state === "done",
  );
  await pombo.stop();

  const folder = join(pombo.data, "logs");
  const names = await readdir(folder);
  const logs = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const all = [...logs, pombo.said()].join("\n");
  expect(all).toContain(id);
  const keys = await readFile(join(pombo.data, "credentials-key"), "utf8");
  const redisPassword = new URL(pombo.ready.redis_url).password;
  const secrets = [
    text,
    to,
    pombo.ready.phone,
    pombo.ready.api_key,
    keys.split(":")[1]?.trim(),
    redisPassword,
  ];
  for (const secret of secrets) {
    expect(secret).toBeTruthy();
    expect(all.includes(secret ?? "")).toBe(false);
  }
  expect(all).not.toMatch(/SessionEntry|chainKey|rootKey|privKey|ephemeralKey|<Buffer/);
});
