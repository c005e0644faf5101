import { expect, test } from "vitest";
import { parseRedisAddress } from "./redis-address.ts";

test("a server, sentinels with their master, and a cluster are told apart", () => {
  expect(parseRedisAddress("redis://:p@h:1/0")).toEqual({
    kind: "server",
    url: "redis://:p@h:1/0",
  });
  expect(parseRedisAddress("redis+sentinel://u:p%40@a:1,b:2/main")).toEqual({
    kind: "sentinel",
    sentinels: [
      { host: "a", port: 1 },
      { host: "b", port: 2 },
    ],
    master: "main",
    login: { username: "u", password: "p@" },
  });
  expect(parseRedisAddress("redis+cluster://[::1]:7000")).toEqual({
    kind: "cluster",
    nodes: [{ host: "::1", port: 7_000 }],
    login: {},
  });
});

test("anything else is refused", () => {
  for (const url of [
    "",
    "http://a",
    "redis+sentinel://a:1",
    "redis+cluster://a",
    "redis+cluster://a:1/x",
    "redis+cluster://a:1,",
  ])
    expect([url, parseRedisAddress(url)]).toEqual([url, undefined]);
});
