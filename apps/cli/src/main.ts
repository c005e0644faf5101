const OLDEST_NODE = 24;

process.stdout.on("error", () => undefined); // who read it is gone; the end must be orderly all the same
process.stderr.on("error", () => undefined);

process.exit(await main());

/** An older Node can't even read the rest: so it is loaded only now. */
async function main(): Promise<number> {
  if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    console.error(
      `Pombo needs Node ${OLDEST_NODE}, and this is ${process.version}: start it by npm (npm start, npm run pombo), which brings the right one.`,
    );
    return 1;
  }
  const { runPombo } = await import("./run-pombo.ts");
  return await runPombo(process.argv.slice(2), process);
}
