import { expect, test } from "vitest";
import {
  fingerprintOf,
  forgetUpload,
  isContinued,
  NEW_UPLOAD,
  readSettings,
  type UploadForm,
  uploadKey,
} from "./upload-settings.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");
const local = (ms: number): string => {
  const at = new Date(NOW + ms);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
};
const read = (over: Partial<UploadForm>) =>
  readSettings({ ...NEW_UPLOAD, from: "dev_1", ...over }, NOW);

test("what is left empty is left to Pombo", () => {
  expect(read({})).toEqual({
    kind: "settings",
    settings: {
      from: "dev_1",
      priority: "bulk",
      dedupe: "client_ref",
      extra_columns: "ignore",
      on_invalid: "skip",
    },
  });
});

test("local times become instants, quiet hours one text", () => {
  const asked = {
    name: " Spring ",
    template: "Hello {{name}}",
    sendAt: local(3_600_000),
    expiresAt: local(7_200_000),
    quietFrom: "22:00",
    quietTo: "08:00",
    ignoreColumns: false,
    rejectInvalid: true,
  };
  expect(read(asked)).toMatchObject({
    settings: {
      name: "Spring",
      template: "Hello {{name}}",
      send_at: "2030-01-31T13:00:00.000Z",
      expires_at: "2030-01-31T14:00:00.000Z",
      quiet_hours: "22:00-08:00",
      extra_columns: "refuse",
      on_invalid: "reject",
    },
  });
});

test.each<[Partial<UploadForm>, keyof UploadForm]>([
  [{ from: "" }, "from"],
  [{ name: "x".repeat(101) }, "name"],
  [{ sendAt: local(-60_000) }, "sendAt"],
  [{ expiresAt: local(-60_000) }, "expiresAt"],
  [{ sendAt: local(7_200_000), expiresAt: local(3_600_000) }, "expiresAt"],
  [{ quietFrom: "22:00" }, "quietTo"],
])("%j is wrong in %s", (over, field) => {
  expect(read(over)).toMatchObject({ kind: "wrong", errors: { [field]: expect.any(String) } });
});

test("an upload keeps its key until it has ended well; another file or setting gets another one", () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  };
  let made = 0;
  const fresh = (): string => `key-${(made += 1)}`;
  const file = { name: "a.csv", size: 10, lastModified: 1 };
  const one = fingerprintOf(file, { from: "dev_1" });
  expect(isContinued(store, one)).toBe(false);
  expect(uploadKey(store, one, fresh)).toBe("key-1");
  expect(isContinued(store, one)).toBe(true);
  expect(uploadKey(store, one, fresh)).toBe("key-1");
  expect(uploadKey(store, fingerprintOf(file, { from: "dev_2" }), fresh)).toBe("key-2");
  expect(uploadKey(store, fingerprintOf({ ...file, size: 11 }, { from: "dev_2" }), fresh)).toBe(
    "key-3",
  );
  forgetUpload(store);
  expect(uploadKey(store, one, fresh)).toBe("key-4");
});
