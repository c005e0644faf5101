import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loggedIn, openTestClient, pairedClient } from "@pombo/simulator/test-client";
import { expect, test } from "vitest";
import type { Ready } from "./ready-file.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ready: Ready;
  readonly output: () => string;
}

function setup() {
  const dir = mkdtempSync(join(tmpdir(), "simulator-"));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

function launch(...args: string[]) {
  const child = fork(program, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

async function start(...args: string[]): Promise<Running> {
  const { child, output } = launch(...args);
  const [message] = (await once(child, "message")) as [Ready & { kind: string }];
  expect(message.kind).toBe("ready");
  return {
    child,
    output,
    ready: message,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

const serverOf = (ready: Ready) => ({
  wsUrl: ready.simulator_url,
  rootKey: ready.root_key,
  ca: ready.ca,
  enterCode: () => Promise.reject(new Error("not used")),
  scanQr: async (qr: string, phone?: string) => {
    const url = `${ready.control_url}/admin/mock-phone/scan-qr?phone=${phone}`;
    return (await (await fetch(url, { method: "POST", body: qr })).json()) as never;
  },
});

test("after kill -9 a device logs in again, and nothing secret was printed", async () => {
  using place = setup();
  const readyFile = join(place.dir, "ready.json");
  const number = "15550001234";
  await using first = await start("--data", place.dir, "--ready-file", readyFile);
  expect(JSON.parse(readFileSync(readyFile, "utf8"))).toMatchObject({
    pid: first.child.pid,
    control_url: first.ready.control_url,
  });
  const client = await pairedClient(serverOf(first.ready), number);
  await client.send(`${number}@s.whatsapp.net`, "a very private note", "3EB0NOTE");
  const exited = once(first.child, "exit");
  first.child.kill("SIGKILL");
  await exited;
  await client.closed();

  await using second = await start("--data", place.dir);
  await using again = await loggedIn(openTestClient(serverOf(second.ready), client.auth));
  await again.send(`${number}@s.whatsapp.net`, "a very private note", "3EB0OTHER");
  const shown = await (
    await fetch(`${second.ready.control_url}/admin/phones/${number}/messages`)
  ).json();
  expect(shown).toMatchObject([{ id: "3EB0NOTE" }, { id: "3EB0OTHER" }]);
  const printed = first.output() + second.output();
  expect(printed).toContain("simulator.ready");
  for (const secret of ["private note", number, "Session", "privKey", first.ready.root_key])
    expect(printed).not.toContain(secret);
});

test("SIGTERM closes cleanly; SIGINT is the supervisor's business; its absence ends the program", async () => {
  await using supervised = await start();
  supervised.child.kill("SIGINT");
  expect((await fetch(`${supervised.ready.control_url}/`)).status).toBe(200);
  const exits = once(supervised.child, "exit");
  supervised.child.disconnect();
  expect(await exits).toEqual([0, null]);

  await using asked = await start("--tls-port", "0");
  expect(asked.ready.simulator_tls_url).toMatch(/^wss:/);
  const ends = once(asked.child, "exit");
  asked.child.kill("SIGTERM");
  expect(await ends).toEqual([0, null]);
});

test("a taken port and bad options end with a sentence and a code", async () => {
  await using running = await start();
  const port = new URL(running.ready.control_url).port;
  for (const [args, code, sentence] of [
    [["--port", port], 1, /port is taken/],
    [["--port", "65536"], 2, /must be a number/],
    [["--prt", "1"], 2, /usage/],
    [["--host", "192.0.2.1"], 1, /no such address/],
  ] as const) {
    const { child, output } = launch(...args);
    // eslint-disable-next-line no-await-in-loop -- one process at a time
    expect(await once(child, "close")).toEqual([code, null]);
    expect(output()).toMatch(sentence);
    expect(output()).not.toMatch(/^\s+at /m);
  }
});
