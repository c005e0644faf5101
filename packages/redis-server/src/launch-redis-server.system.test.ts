import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

import { askRedis } from "./ask-redis.ts";
import { findContainerEngine, findOnPath, findRedisServer } from "./find-redis-server.ts";
import { launchRedisContainer } from "./launch-redis-container.ts";
import { launchRedisServer, type RedisServer } from "./launch-redis-server.ts";

const SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/usr/sbin:/sbin";
const PARENT = join(import.meta.dirname, "parent-of-redis.test-process.ts");

async function setup(): Promise<{ dir: string; binary: string } & AsyncDisposable> {
  const binary = await findRedisServer(SYSTEM_PATH);
  if (binary === undefined) throw new Error("these tests need redis-server on the path");
  const dir = await mkdtemp(join(tmpdir(), "pombo redis's-"));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  return { dir, binary, [Symbol.asyncDispose]: remove };
}

async function command(server: { url: string }, line: string): Promise<string> {
  const { port, password } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(`AUTH ${password}\r\n${line}\r\nQUIT\r\n`);
  return (await text(socket)).split("\r\n").slice(1, -2).join("\n");
}

async function setting(server: RedisServer, name: string): Promise<string> {
  return (await command(server, `CONFIG GET ${name}`)).split("\n")[4] ?? "";
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("the server has the settings that Pombo must have", async () => {
  await using here = await setup();
  await using server = await launchRedisServer({
    ...here,
    appendOnly: "always",
    maxMemory: "64mb",
  });
  expect(await setting(server, "appendonly")).toBe("yes");
  expect(await setting(server, "appendfsync")).toBe("always");
  expect(await setting(server, "maxmemory-policy")).toBe("noeviction");
  expect(await setting(server, "maxmemory")).toBe(String(64 * 1024 * 1024));
  expect(await setting(server, "hash-max-listpack-value")).toBe("512");
  expect(await setting(server, "hash-max-listpack-entries")).toBe("128");
  expect(await setting(server, "bind")).toBe("127.0.0.1");
});

test("nobody gets in without the password, and nobody else can read it", async () => {
  await using here = await setup();
  await using server = await launchRedisServer({ ...here, appendOnly: "no" });
  expect(await command({ url: server.url.replace(/:[^:]*@/, ":wrong@") }, "PING")).toMatch(
    /NOAUTH/,
  );
  expect((await stat(join(here.dir, "redis.conf"))).mode & 0o777).toBe(0o600);
});

test("what was written survives a stop and a kill", async () => {
  await using here = await setup();
  const first = await launchRedisServer({ ...here, appendOnly: "always" });
  await command(first, "SET a 1");
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose](); // twice is once
  expect(isAlive(first.pid)).toBe(false);

  const second = await launchRedisServer({ ...here, appendOnly: "always" });
  await command(second, "SET b 2");
  process.kill(second.pid, "SIGKILL");
  await second.closed;

  await using third = await launchRedisServer({ ...here, appendOnly: "always" });
  expect(await command(third, "MGET a b")).toBe("*2\n$1\n1\n$1\n2");
});

test("the server ends, and keeps what it was told, when its parent is killed", async () => {
  await using here = await setup();
  const parent = fork(PARENT, [here.binary, here.dir]);
  const [server] = (await once(parent, "message")) as [{ url: string; pid: number; port: number }];
  await command(server, "SET a 1");
  const watch = connect(server.port, "127.0.0.1").on("error", () => undefined);
  await once(watch, "connect");
  const killed = performance.now();
  parent.kill("SIGKILL");
  await once(watch, "close");
  expect(performance.now() - killed).toBeLessThan(2_000);
  // Starts at once on the same folder: waits for the old server where it still runs.
  await using next = await launchRedisServer({ ...here, appendOnly: "everysec" });
  expect(isAlive(server.pid)).toBe(false);
  expect(await command(next, "GET a")).toBe("$1\n1");
});

test("a server that was left on the folder is ended first", async () => {
  await using here = await setup();
  await using left = await launchRedisServer({ ...here, appendOnly: "always" });
  await command(left, "SET a 1");
  await using next = await launchRedisServer({ ...here, appendOnly: "always" });
  await left.closed;
  expect(await command(next, "GET a")).toBe("$1\n1");
});

test("a pid file that names a stranger harms nobody", async () => {
  await using here = await setup();
  await writeFile(join(here.dir, "redis.pid"), `${process.pid}\n`);
  await using server = await launchRedisServer({ ...here, appendOnly: "no" });
  expect(isAlive(server.pid)).toBe(true);
});

test("a taken port is refused with what the server said", async () => {
  await using here = await setup();
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  await expect(launchRedisServer({ ...here, appendOnly: "no", port })).rejects.toThrow(/in use/);
  other.close();
});

test("a port where nobody listens is silent", async () => {
  await using here = await setup();
  const server = await launchRedisServer({ ...here, appendOnly: "no" });
  const address = { port: server.port, password: new URL(server.url).password };
  expect(await askRedis(address)).toEqual({ kind: "ready", pid: server.pid });
  await server[Symbol.asyncDispose]();
  expect(await askRedis(address)).toEqual({ kind: "silent" });
});

test("programs are found as a shell finds them, and too old ones passed over", async () => {
  await using here = await setup();
  const program = async (name: string, body: string): Promise<void> => {
    await writeFile(join(here.dir, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(here.dir, name), 0o755);
  };
  await writeFile(join(here.dir, "podman"), "not a program");
  await program("redis-server", "echo 'Redis server v=6.0.16 sha=0'");
  await program("docker", "exit 1");
  expect(findOnPath("redis-server", `/nowhere:${here.dir}`)).toBe(join(here.dir, "redis-server"));
  expect(await findRedisServer(here.dir)).toBeUndefined();
  expect(await findContainerEngine(here.dir)).toBeUndefined();
  expect(await findContainerEngine(undefined)).toBeUndefined();
  await program("valkey-server", "echo 'Server v=8.0.1 sha=0'");
  await program("docker", "exit 0");
  expect(await findRedisServer(here.dir)).toBe(join(here.dir, "valkey-server"));
  expect(await findContainerEngine(here.dir)).toBe(join(here.dir, "docker"));
});

/** Runs the server as an engine would, but on the host: the arguments and the life line are what is looked at. */
const FAKE_ENGINE = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/engine.log"
case $1 in
stop) kill -TERM "$(cat "$here/server.pid")" ;;
run)
  for word; do case $word in 127.0.0.1:*:6379) port=\${word#127.0.0.1:} port=\${port%:6379} ;; *:/data) dir=\${word%:/data} ;; esac; done
  sed "s|^port .*|port $port|; s|^bind .*|bind 127.0.0.1|; s|^dir .*|dir \\"$dir\\"|" "$dir/redis.conf" >"$here/host.conf"
  echo $$ >"$here/server.pid"
  exec redis-server "$here/host.conf" ;;
esac
`;

test("a container has the same settings, is published on loopback only and ends with us", async () => {
  await using here = await setup();
  await using engineDir = await setup();
  const engine = join(engineDir.dir, "docker");
  await writeFile(engine, FAKE_ENGINE);
  await chmod(engine, 0o755);
  const server = await launchRedisContainer({ engine, dir: here.dir, appendOnly: "always" });
  expect(await setting(server, "appendfsync")).toBe("always");
  await server[Symbol.asyncDispose]();
  expect(isAlive(server.pid)).toBe(false);
  const [removed, run, stopped] = (await readFile(join(engineDir.dir, "engine.log"), "utf8")).split(
    "\n",
  );
  expect(removed).toMatch(/^rm -f pombo-redis-[0-9a-f]{12}$/);
  expect(run).toContain(`--publish 127.0.0.1:${server.port}:6379`);
  expect(stopped).toBe(removed?.replace("rm -f", "stop"));
});
