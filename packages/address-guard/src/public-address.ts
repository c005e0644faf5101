import { BlockList, isIP } from "node:net";

/** IPv4 that is not the public internet (IANA's special-purpose registry). */
const PRIVATE_V4 = [
  ["0.0.0.0", 8], // this network
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carrier-grade NAT
  ["127.0.0.0", 8], // loopback
  ["169.254.0.0", 16], // link-local, cloud metadata
  ["172.16.0.0", 12],
  ["192.0.0.0", 24], // protocol assignments
  ["192.0.2.0", 24], // documentation
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16],
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24], // documentation
  ["203.0.113.0", 24], // documentation
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, broadcast
] as const;

/** Of IPv6 only this is the public internet: loopback, mapped, NAT64, local and multicast addresses are all outside of it. */
const PUBLIC_V6 = ["2000::", 3] as const;

/** Inside of it, and yet special; the tunnels lead to IPv4 addresses that nobody has looked at. */
const PRIVATE_V6 = [
  ["2001::", 23], // protocol assignments, Teredo
  ["2001:db8::", 32], // documentation
  ["2002::", 16], // 6to4
  ["3fff::", 20], // documentation
] as const;

const refusedV4 = listOf(PRIVATE_V4, "ipv4");
const publicV6 = listOf([PUBLIC_V6], "ipv6");
const refusedV6 = listOf(PRIVATE_V6, "ipv6");

/** True for an address of the public internet; false for every other one, and for what is no address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refusedV4.check(address, "ipv4");
    case 6:
      // A zone (`fe80::1%eth0`) belongs to local addresses only.
      return (
        !address.includes("%") &&
        publicV6.check(address, "ipv6") &&
        !refusedV6.check(address, "ipv6")
      );
    default:
      return false;
  }
}

function listOf(rows: readonly (readonly [string, number])[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of rows) list.addSubnet(network, prefix, family);
  return list;
}
