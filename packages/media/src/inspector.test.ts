import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openInspector } from "./inspector.ts";
import { film, picture } from "./media-fixture.ts";

async function setup(files: Readonly<Record<string, Buffer | string>>) {
  const folder = await mkdtemp(join(tmpdir(), "pombo-inspector-"));
  for (const [name, bytes] of Object.entries(files)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await writeFile(join(folder, name), bytes);
  }
  return {
    at: (name: string) => join(folder, name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A process that dies of what is called `death`, never answers what is called `silence`, and answers with its own id otherwise. */
const ODD = `
process.on("message", ({ path }) => {
  if (path === "death") process.exit(1);
  if (path !== "silence") process.send({ width: process.pid });
});
process.on("disconnect", () => process.exit());
`;

test("files are looked at elsewhere, one after the other", async () => {
  await using t = await setup({ "a.jpg": await picture("jpeg"), "a.mp4": await film() });
  await using inspector = openInspector();
  const looks = [
    inspector.look(t.at("a.jpg"), "image/jpeg"),
    inspector.look(t.at("a.mp4"), "video/mp4"),
    inspector.look(t.at("nothing"), "image/jpeg"),
  ];
  expect(await Promise.all(looks)).toEqual([
    { width: 320, height: 240, thumbnail: expect.any(String) },
    { width: 320, height: 240, seconds: 3 },
    {},
  ]);
});

test("bytes that kill the one who looks have no looks, and the next ones do", async () => {
  await using t = await setup({ "odd.mjs": ODD });
  await using inspector = openInspector({ lookMs: 60_000, idleMs: 60_000 }, t.at("odd.mjs"));
  const looks = ["one", "death", "two", "three"].map((path) => inspector.look(path, "image/png"));
  const [one, death, two, three] = await Promise.all(looks);
  expect(death).toEqual({});
  expect(two).toEqual({ width: expect.any(Number) });
  expect(two).toEqual(three);
  expect(two).not.toEqual(one);
});

test("bytes that hold up the one who looks have no looks, and the next ones do", async () => {
  await using t = await setup({ "odd.mjs": ODD });
  await using inspector = openInspector({ lookMs: 3_000, idleMs: 60_000 }, t.at("odd.mjs"));
  expect(await inspector.look("silence", "image/png")).toEqual({});
  await expect
    .poll(() => inspector.look("one", "image/png"))
    .toEqual({ width: expect.any(Number) });
});

test("an idle one ends, and another is started when it is needed", async () => {
  await using t = await setup({ "odd.mjs": ODD });
  await using inspector = openInspector({ lookMs: 60_000, idleMs: 1 }, t.at("odd.mjs"));
  const first = await inspector.look("one", "image/png");
  await expect
    .poll(async () => (await inspector.look("two", "image/png")).width)
    .not.toBe(first.width);
});
