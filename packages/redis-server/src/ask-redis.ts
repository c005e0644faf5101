import { connect } from "node:net";

export type RedisAnswer =
  | { readonly kind: "ready"; readonly pid: number }
  | { readonly kind: "loading"; readonly percent: number }
  | { readonly kind: "silent" };

export interface RedisAddress {
  readonly port: number;
  readonly password: string;
}

const ANSWER_WAIT_MS = 1_000;

/** One question to the server on a loopback port: does it answer, is it still reading its file, which process is it? */
export async function askRedis(address: RedisAddress): Promise<RedisAnswer> {
  const text = await converse(address, ["PING", "INFO persistence", "INFO server"]);
  const pid = Number(/^process_id:(\d+)/m.exec(text)?.[1] ?? 0);
  if (pid === 0) return { kind: "silent" };
  if (/^\+PONG/m.test(text) && /^loading:0/m.test(text)) return { kind: "ready", pid };
  return {
    kind: "loading",
    percent: Number(/^loading_loaded_perc:([\d.]+)/m.exec(text)?.[1] ?? 0),
  };
}

/** Inline commands on a connection of their own; whatever came back until the server hung up, or nothing. */
function converse(address: RedisAddress, commands: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(address.port, "127.0.0.1");
    socket.setTimeout(ANSWER_WAIT_MS, () => socket.destroy());
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => (text += chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(text));
    socket.write([`AUTH ${address.password}`, ...commands, "QUIT", ""].join("\r\n"));
  });
}
