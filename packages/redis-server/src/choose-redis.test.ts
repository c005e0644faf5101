import { expect, test } from "vitest";

import { chooseRedis, type RedisFacts } from "./choose-redis.ts";

const everything: RedisFacts = {
  url: "redis://elsewhere:6379",
  binary: "/usr/bin/redis-server",
  engine: "/usr/bin/docker",
  aptGet: "/usr/bin/apt-get",
  root: true,
};

test("the first of url, path, container, package is taken", () => {
  const { url: _url, ...unnamed } = everything;
  const { binary: _binary, ...noBinary } = unnamed;
  const { engine: _engine, ...noEngine } = noBinary;
  const { aptGet: _aptGet, ...nothing } = noEngine;
  const kinds = [everything, unnamed, noBinary, noEngine, nothing].map((f) => chooseRedis(f).kind);
  expect(kinds).toEqual(["url", "binary", "container", "package", "none"]);
});

test("an empty url is no url", () => {
  expect(chooseRedis({ ...everything, url: "" }).kind).toBe("binary");
});

test("who is not root installs no package, and is told what to do in one sentence", () => {
  const choice = chooseRedis({ aptGet: "/usr/bin/apt-get", root: false });
  expect(choice).toMatchObject({ kind: "none" });
  expect(choice.kind === "none" ? choice.says : "").toMatch(/^[^.]*install redis-server[^.]*\.$/);
});
