import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockFolder } from "../lock-folder.ts";
import { temporaryFolder } from "../temporary-folder.test-setup.ts";
import { findPombo } from "./find-pombo.ts";

const URL = "http://127.0.0.1:4000";

/** A data folder on which somebody seems to run. */
async function setup() {
  const temporary = await temporaryFolder();
  const data = join(temporary.path, "data");
  await mkdir(data);
  await writeFile(join(data, "admin-key"), "pombo_c0_admin\n");
  const lock = await lockFolder(data);
  return {
    data,
    lock,
    async [Symbol.asyncDispose]() {
      await lock[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

test("an option goes before the environment, and a slash at the end is no difference", async () => {
  const environment = { POMBO_URL: "http://b", POMBO_API_KEY: "kb" };
  expect(await findPombo({}, environment)).toEqual({ url: "http://b", key: "kb" });
  const options = { url: "https://a/", key: "ka" };
  expect(await findPombo(options, environment)).toEqual({ url: "https://a", key: "ka" });
});

test("who runs on the data folder says its address, and its key lies there", async () => {
  await using here = await setup();
  const { data } = here;
  await expect(findPombo({ data }, {})).rejects.toThrow(/No Pombo runs on/);
  here.lock.tell(URL);
  expect(await findPombo({ data }, {})).toEqual({ url: URL, key: "pombo_c0_admin" });
  expect(await findPombo({ data, key: "mine" }, {})).toEqual({ url: URL, key: "mine" });
  expect(await findPombo({ data, url: `${URL}/` }, {})).toEqual({
    url: URL,
    key: "pombo_c0_admin",
  });
});

test("the key of this machine is not told to another one", async () => {
  await using here = await setup();
  here.lock.tell(URL);
  const other = findPombo({ data: here.data, url: "https://elsewhere" }, {});
  await expect(other).rejects.toMatchObject({ code: 2, message: /There is no API key/ as never });
});

test("an address without http:// is refused", async () => {
  await expect(findPombo({ url: "localhost:3000", key: "k" }, {})).rejects.toThrow(
    /begins with http:\/\//,
  );
});
