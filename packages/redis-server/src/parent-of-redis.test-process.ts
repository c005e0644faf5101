import { launchRedisServer } from "./launch-redis-server.ts";

// A process of its own, so that a test can kill it: opens a server and tells which.
const [, , binary = "", dir = ""] = process.argv;
const { url, port, pid } = await launchRedisServer({ binary, dir, appendOnly: "everysec" });
process.send?.({ url, port, pid });
