import { createServer, request } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { guardedLookup, isPublicAddress, refuseHost } from "./index.ts";

test.each([
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.0.1",
  "172.32.0.1",
  "2606:4700:4700::1111",
  "2a00:1450:4001:82a::200e",
])("%s is public", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  ["loopback", "127.0.0.1"],
  ["loopback, the far end", "127.255.255.254"],
  ["this network", "0.0.0.0"],
  ["private", "10.1.2.3"],
  ["private", "172.31.255.255"],
  ["private", "192.168.0.1"],
  ["carrier-grade NAT", "100.64.0.1"],
  ["carrier-grade NAT, the far end", "100.127.255.255"],
  ["cloud metadata", "169.254.169.254"],
  ["multicast", "224.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["IPv6 loopback", "::1"],
  ["IPv6 unspecified", "::"],
  ["mapped", "::ffff:127.0.0.1"],
  ["mapped, public inside", "::ffff:8.8.8.8"],
  ["mapped, in hexadecimal", "::ffff:7f00:1"],
  ["compatible", "::127.0.0.1"],
  ["NAT64", "64:ff9b::7f00:1"],
  ["unique local", "fd00::1"],
  ["link-local", "fe80::1"],
  ["link-local with a zone", "fe80::1%eth0"],
  ["6to4", "2002:7f00:1::"],
  ["Teredo", "2001::1"],
  ["documentation", "2001:db8::1"],
  ["IPv6 multicast", "ff02::1"],
  ["no address", "example.com"],
  ["nothing", ""],
])("%s (%s) is not public", (_, address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  "http://0x7f.1",
  "http://2130706433",
  "http://[::ffff:127.0.0.1]",
  "http://127.1",
  "http://0177.0.0.1",
])("the host of %s is refused, however it is spelled", (url) => {
  expect(() => refuseHost(new URL(url).hostname)).toThrow("no public address");
});

test("a name and a public address pass", () => {
  expect(() => refuseHost("example.com")).not.toThrow();
  expect(() => refuseHost("[2606:4700:4700::1111]")).not.toThrow();
});

/** What a socket is given for a host with these addresses. */
function ask(addresses: readonly string[], options: { readonly all?: boolean } = {}) {
  const lookup = guardedLookup((_host, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    ),
  );
  return new Promise((resolve, reject) => {
    lookup("host.test", options, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

test("of a host's addresses only the public ones are given out", async () => {
  expect(await ask(["10.0.0.1", "8.8.8.8"])).toBe("8.8.8.8");
  expect(await ask(["::1", "8.8.8.8", "10.0.0.1"], { all: true })).toEqual([
    { address: "8.8.8.8", family: 4 },
  ]);
});

test.each([{ all: true }, {}])("a host without one is refused (%j)", async (options) => {
  await expect(ask(["127.0.0.1", "::1"], options)).rejects.toMatchObject({
    code: "ERR_ADDRESS_REFUSED",
  });
});

test("a request to a name of our own machine never reaches it", async () => {
  let reached = 0;
  const server = createServer((_req, res) => {
    reached += 1;
    res.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sent = request({ host: "localhost", port, lookup: guardedLookup() }).end();
  const [error] = (await once(sent, "error")) as [Error & { code?: string }];
  expect(error.code).toBe("ERR_ADDRESS_REFUSED");
  expect(reached).toBe(0);
  server.close();
});
