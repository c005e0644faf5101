import type { WriteStream } from "node:tty";
import type { Environment } from "../config.ts";

/** What a line at the bottom shows; as narrow as asked for, in columns. */
export type DrawLine = (columns: number) => string;

/** One line of a terminal that changes in place. Other lines appear above it. */
export interface LiveLine extends Disposable {
  show(draw: DrawLine): void;
  clear(): void;
  /** Takes the line away while something else is written. */
  aside(write: () => void): void;
}

const UP = (rows: number): string => (rows > 0 ? `\u001B[${rows}A` : "");
const CLEAR_BELOW = "\r\u001B[J";

/**
 * The line is never wider than the terminal less one column, so it takes one row. When a terminal becomes narrower, some break what
 * is there already into several rows, which are taken away before the line is drawn again; others (xterm, xterm.js) leave the row of
 * the cursor alone, and going up there would take away what stands above.
 *
 * @param reflows the terminal breaks the row of the cursor too
 */
export function openLiveLine(stream: WriteStream, reflows = false): LiveLine {
  let drawn = 0;
  let draw: DrawLine | undefined;
  const erase = (): void => {
    if (drawn === 0) return;
    const rows = reflows ? Math.ceil(drawn / Math.max(1, stream.columns)) : 1;
    stream.write(UP(rows - 1) + CLEAR_BELOW);
    drawn = 0;
  };
  const redraw = (): void => {
    erase();
    if (draw === undefined) return;
    const text = cut(draw(widthOf(stream)), widthOf(stream));
    stream.write(text);
    drawn = text.length;
  };
  stream.on("resize", redraw);
  return {
    show(next) {
      draw = next;
      redraw();
    },
    clear() {
      draw = undefined;
      erase();
    },
    aside(write) {
      erase();
      write();
      redraw();
    },
    [Symbol.dispose]() {
      stream.off("resize", redraw);
      draw = undefined;
      erase();
    },
  };
}

/** Terminals that are known to break the row of the cursor too, by what they say in the environment. */
export function isReflowing(environment: Environment): boolean {
  const { TERM_PROGRAM: program = "", VTE_VERSION: vte, KITTY_WINDOW_ID: kitty } = environment;
  return vte !== undefined || kitty !== undefined || REFLOWING.has(program);
}

const REFLOWING: ReadonlySet<string> = new Set(["iTerm.app", "WezTerm", "ghostty", "tmux"]);

const USUAL_COLUMNS = 80;

/** Some pseudo-terminals have no size. */
function widthOf({ columns }: WriteStream): number {
  return columns > 1 ? columns - 1 : USUAL_COLUMNS - 1;
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
