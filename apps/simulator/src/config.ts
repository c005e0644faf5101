import { parseArgs } from "node:util";

/** What the command line says. */
export interface SimulatorOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: no TLS. */
  readonly tlsPort?: number;
  /** Of the media host (HTTPS); absent: a free one. */
  readonly mediaPort?: number;
  readonly dataDir?: string;
  readonly readyFile?: string;
}

export class BadOption extends Error {}

const usage =
  "usage: simulator [--port N] [--tls-port N] [--media-port N] [--host H] [--data DIR] [--ready-file PATH]   (port 0: a free one)";

/** Throws {@link BadOption} with a sentence for the person at the keyboard. */
export function readOptions(args: readonly string[]): SimulatorOptions {
  const values = parse(args);
  const { host = "127.0.0.1", data, port, "tls-port": tlsPort, "ready-file": readyFile } = values;
  const mediaPort = values["media-port"];
  return {
    host,
    port: port === undefined ? 0 : portOf("--port", port),
    ...(tlsPort === undefined ? {} : { tlsPort: portOf("--tls-port", tlsPort) }),
    ...(mediaPort === undefined ? {} : { mediaPort: portOf("--media-port", mediaPort) }),
    ...(data === undefined ? {} : { dataDir: data }),
    ...(readyFile === undefined ? {} : { readyFile }),
  };
}

function parse(args: readonly string[]) {
  try {
    const text = { type: "string" } as const;
    const options = {
      port: text,
      "tls-port": text,
      "media-port": text,
      host: text,
      data: text,
      "ready-file": text,
    };
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new BadOption(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new BadOption(
    `${option} must be a number from 0 to 65535, not ${JSON.stringify(text)}\n${usage}`,
  );
}
