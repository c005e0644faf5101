// Stands in for a program of ours: says what it was told, ends when it is told to or when its parent is gone.
const [, , mood = "", ...words] = process.argv;

process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit(0));
if (mood !== "stubborn") process.on("SIGTERM", () => process.exit(0));
else process.on("SIGTERM", () => undefined);

process.stdout.write(`mood ${mood}\n`);
if (mood === "broken") throw new Error("the reason of it all");
if (mood === "silent") setInterval(() => undefined, 1_000);
else process.send?.({ kind: "ready", pid: process.pid, words });
