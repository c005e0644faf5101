import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary-folder.test-setup.ts";
import { digestOfSettings, nextMove, readNote, type UploadNote, writeNote } from "./upload-note.ts";

const NOTE: UploadNote = {
  url: "http://a",
  idempotency_key: "cli-1",
  settings: "s1",
  file: "f1",
  begun_at: "2030-01-31T12:00:00.000Z",
};
const SAME = { settings: "s1", file: "f1" };

test("without a note an upload begins", () => {
  expect(nextMove(undefined, SAME)).toEqual({ kind: "begin" });
});

test("one that broke off goes on under its key, also when rows were mended", () => {
  expect(nextMove(NOTE, SAME)).toEqual({ kind: "go-on", note: NOTE, isChanged: false });
  const mended = { ...SAME, file: "f2" };
  expect(nextMove(NOTE, mended)).toEqual({
    kind: "go-on",
    note: { ...NOTE, file: "f2" },
    isChanged: true,
  });
});

test("what was sent is known, and so is what changed since then", () => {
  const sent = { ...NOTE, batch_id: "bat_1" };
  expect(nextMove(sent, SAME)).toEqual({ kind: "sent", batchId: "bat_1", url: "http://a" });
  expect(nextMove(sent, { ...SAME, file: "f2" })).toEqual({
    kind: "changed",
    batchId: "bat_1",
  });
});

test("a note lies beside the file, and what is none is as if absent", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "rows.csv");
  expect(await readNote(file)).toBeUndefined();
  await writeNote(file, NOTE);
  expect(await readNote(file)).toEqual(NOTE);
  for (const text of ["", "{", "null", "[]", '{"file":1}']) {
    await writeFile(`${file}.pombo.json`, text);
    expect(await readNote(file)).toBeUndefined();
  }
});

test("settings in another order are the same settings", () => {
  const digest = digestOfSettings({ from: "d", template: "t" });
  expect(digestOfSettings({ template: "t", from: "d" })).toBe(digest);
  expect(digestOfSettings({ template: "u", from: "d" })).not.toBe(digest);
});
