import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { png } from "./media-host.ts";
import { pairDevice, scanQr } from "./pair-devices.ts";
import { Pombo, QUICK } from "./pombo.ts";

const isRead = ({ status }: { status: string }) => status === "read";

test("another number: what waited goes only when it is released, in order and once, with its files; a change of a message of the old number does not go", async () => {
  await using pombo = await Pombo.start({ env: QUICK });
  const device = await pairDevice(pombo, "5542910000001");
  const to = "5511950000001";
  const file = png(60);
  const kept = await fetch(`${pombo.ready.api_url}/v1/media`, {
    method: "POST",
    headers: { authorization: `Bearer ${pombo.ready.api_key}`, "content-type": "image/png" },
    body: new Uint8Array(file),
  });
  const image = (await kept.json()) as { media_id: string };
  const send = async (body: object): Promise<string> => {
    const message = { from: device.id, to, ...body };
    const sent = await pombo.api<{ message_id: string }>("POST", "/v1/messages", message);
    expect(sent.status, JSON.stringify(sent.body)).toBe(202);
    return sent.body.message_id;
  };
  const carried = { image: { media_id: image.media_id } };
  const before = [await send({ text: "by the first number" }), await send(carried)];
  // oxlint-disable-next-line no-await-in-loop
  for (const id of before) await pombo.until(id, isRead);

  await pombo.fault("socket", "unlink", { match: { device: device.phone } });
  await eventually(
    () => pombo.device(device.id),
    ({ state }) => state === "logged_out",
  );
  const fresh = { image: { base64: png(70).toString("base64") } };
  const waiting = [await send(carried), await send({ text: "between" }), await send(fresh)];
  const edit = await pombo.api<{ message_id: string }>("PATCH", `/v1/messages/${before[0]}`, {
    text: "too late",
  });
  expect(edit, JSON.stringify(edit.body)).toMatchObject({ status: 202 });

  await pombo.api("POST", `/v1/devices/${device.id}/connect`);
  await scanQr(pombo, { id: device.id, phone: "5542910000002" });
  for (const id of [...waiting, edit.body.message_id])
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(id, ({ blocked_by: why }) => why === "identity_changed");
  const after = await send({ text: "by the second number" });
  await pombo.until(after, isRead);
  const released = await pombo.api("POST", `/v1/devices/${device.id}/lane/release`);
  expect(released.status, JSON.stringify(released.body)).toBe(200);
  for (const id of waiting)
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.until(id, isRead)).toMatchObject({ attempts: 1 });
  expect(
    await pombo.until(
      edit.body.message_id,
      ({ status }) => status === "failed" || status === "read",
    ),
  ).toMatchObject({ status: "failed", last_error: { error_code: "CONFLICT" } });

  const shown = await pombo.phoneMessages(to);
  expect(shown.map(({ id, copies }) => [id, copies])).toEqual(
    [...before, after, ...waiting].map((id) => [id, 1]),
  );
  const url = `${pombo.ready.control_url}/admin/phones/${to}/messages/${waiting[0]}/media`;
  expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(file);
});
