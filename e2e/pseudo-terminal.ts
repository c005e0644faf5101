import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import xterm from "@xterm/headless";
import { environment } from "./config.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..");
const PATIENCE_MS = 30_000;

/** `script` of util-linux opens real pseudo-terminals; that of other systems takes other words. */
export const hasPseudoTerminals = spawnSync("script", ["--version"], {
  encoding: "utf8",
}).stdout?.includes("util-linux");

/** What the emulator is, whatever terminal the tests run in. */
const TERMINAL = {
  SHELL: "/bin/sh",
  TERM: "xterm-256color",
  TERM_PROGRAM: "xterm.js",
  VTE_VERSION: undefined,
  KITTY_WINDOW_ID: undefined,
};

/** Why a test is left out, for its name. */
export const NEEDS_SCRIPT = "(needs script of util-linux)";

/** A program in a terminal: what a person would see is kept by an emulator. */
export interface PseudoTerminal extends AsyncDisposable {
  /** The lines of the screen, without the blanks at their ends; with what has scrolled away. One that was too wide is one all the same. */
  screen(): readonly string[];
  /** Resolves with the screen when it shows the pattern. */
  until(pattern: RegExp): Promise<string>;
  /** Keys as they come from a keyboard: `\r` is Return, `\x03` Ctrl-C. */
  type(keys: string): void;
  /** The kernel tells the program by SIGWINCH. */
  resize(columns: number, rows: number): Promise<void>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Runs `pombo` with these words in a terminal of its own. */
export async function openPseudoTerminal(
  args: readonly string[],
  { columns, rows }: Size = { columns: 100, rows: 60 },
): Promise<PseudoTerminal> {
  const folder = await mkdtemp(join(tmpdir(), "pombo-terminal-"));
  const nameFile = join(folder, "tty");
  const words = [process.execPath, join(ROOT, "apps/cli/src/main.ts"), ...args].map(quoted);
  const shell = `tty > ${nameFile}; stty cols ${columns} rows ${rows}; exec ${words.join(" ")}`;
  const child = spawn("script", ["-qfec", shell, "/dev/null"], {
    cwd: folder,
    env: { ...environment, ...TERMINAL },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const seen = new EventTarget();
  child.stdout.on("data", (chunk: Buffer) =>
    emulator.write(chunk, () => seen.dispatchEvent(new Event("change"))),
  );
  const ended = once(child, "close").then(([code]) => Number(code));
  const screen = (): readonly string[] => linesOf(emulator);
  return {
    screen,
    ended,
    until: (pattern) => untilSeen({ pattern, screen, seen, ended }),
    type: (keys) => void child.stdin.write(keys),
    async resize(nextColumns, nextRows) {
      emulator.resize(nextColumns, nextRows);
      const name = (await readFile(nameFile, "utf8")).trim();
      const size = ["cols", String(nextColumns), "rows", String(nextRows)];
      await run("stty", ["-F", name, ...size]);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.destroy();
      child.kill("SIGTERM");
      await ended;
      emulator.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function linesOf(emulator: xterm.Terminal): readonly string[] {
  const { active } = emulator.buffer;
  const lines: string[] = [];
  for (let at = 0; at < active.length; at += 1) {
    const line = active.getLine(at);
    const text = line?.translateToString(true) ?? "";
    if (line?.isWrapped === true) lines.push((lines.pop() ?? "") + text);
    else lines.push(text);
  }
  return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
}

interface Watch {
  readonly pattern: RegExp;
  readonly screen: () => readonly string[];
  readonly seen: EventTarget;
  readonly ended: Promise<number>;
}

async function untilSeen({ pattern, screen, seen, ended }: Watch): Promise<string> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  let over = false;
  const end = ended.then(() => (over = true));
  for (;;) {
    const text = screen().join("\n");
    if (pattern.test(text)) return text;
    if (over || late.aborted) throw new Error(`${String(pattern)} was not seen in:\n${text}`);
    const change = once(seen, "change", { signal: late }).catch(() => undefined);
    // oxlint-disable-next-line no-await-in-loop -- a look after each change
    await Promise.race([change, end]);
  }
}
