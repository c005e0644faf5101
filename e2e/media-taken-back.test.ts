import { expect, test } from "vitest";
import { MediaHost, png, serve } from "./media-host.ts";
import { type Message, Pombo, QUICK } from "./pombo.ts";

const isRead = ({ status }: Message) => status === "read";

test("while its picture is fetched a message may be canceled, expire, get other words, and its worker may leave: what is left arrives once, in order", async () => {
  const env = { ...QUICK, POMBO_LOOPBACK_URLS: "1", POMBO_MEDIA_LOOK_MS: "1000" };
  await using pombo = await Pombo.start({ env, args: ["--workers", "2"] });
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const slow = serve(png(), "image/png");
  await using host = await MediaHost.open(
    Object.fromEntries(
      ["/a", "/b", "/c", "/d"].map((path) => [
        path,
        (req, res) => void opened.then(() => slow(req, res)),
      ]),
    ),
  );
  const [first, second, third, fourth] = [1, 2, 3, 4].map((n) => `551196000000${n}`) as [
    string,
    string,
    string,
    string,
  ];
  const picture = async (to: string, path: string, over = {}): Promise<string> => {
    const image = { url: host.url + path, caption: "as it was" };
    const body = { from: pombo.ready.device_id, to, image, ...over };
    const sent = await pombo.api<{ message_id: string }>("POST", "/v1/messages", body);
    expect(sent.status, JSON.stringify(sent.body)).toBe(202);
    await pombo.until(sent.body.message_id, ({ blocked_by: why }) => why === "media");
    return sent.body.message_id;
  };
  const canceled = await picture(first, "/a");
  const expired = await picture(second, "/b", { ttl_s: 5 });
  const edited = await picture(third, "/c");
  const kept = await picture(fourth, "/d");
  const behind = await Promise.all(
    [first, second, third, fourth].map((to) => pombo.send(to, "behind it")),
  );
  expect(await pombo.api("POST", `/v1/messages/${canceled}/cancel`)).toMatchObject({ status: 200 });
  expect(await pombo.api("PATCH", `/v1/messages/${edited}`, { text: "other words" })).toMatchObject(
    { status: 200, body: { applied: "in_place" } },
  );
  await pombo.until(expired, ({ status }) => status === "expired");
  for (const id of behind.slice(0, 2))
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(id, isRead);
  expect(await pombo.message(behind[3] ?? "")).toMatchObject({ status: "queued" });
  // Whoever has the device hands it over, with what waits for its picture.
  for (const pid of pombo.ready.pids.worker) {
    process.kill(pid, "SIGTERM");
    // oxlint-disable-next-line no-await-in-loop
    await pombo.until(await pombo.send("5511960000009", "meanwhile"), isRead, 40_000);
  }
  open();
  for (const id of [edited, kept, ...behind])
    // oxlint-disable-next-line no-await-in-loop
    expect(await pombo.until(id, isRead, 40_000)).toMatchObject({ attempts: 1 });
  const shown = await Promise.all(
    [first, second, third, fourth].map((to) => pombo.phoneMessages(to)),
  );
  expect(shown.map((all) => all.map(({ id, copies }) => [id, copies]))).toEqual([
    [[behind[0], 1]],
    [[behind[1], 1]],
    [
      [edited, 1],
      [behind[2], 1],
    ],
    [
      [kept, 1],
      [behind[3], 1],
    ],
  ]);
  expect(shown[2]?.[0]).toMatchObject({ text: "other words" });
});
