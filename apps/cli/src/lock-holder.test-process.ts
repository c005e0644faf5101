import { lockFolder } from "./lock-folder.ts";

// A process of its own, so that a test can kill it: holds the lock of a folder.
const [, , path = ""] = process.argv;
await lockFolder(path);
process.send?.("locked");
