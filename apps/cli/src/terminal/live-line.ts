import type { WriteStream } from "node:tty";

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
 * The line is never wider than the terminal less one column, so it takes one row. A terminal that becomes narrower breaks what is
 * there already into several rows: they are counted with the new width and taken away before the line is drawn again.
 */
export function openLiveLine(stream: WriteStream): LiveLine {
  let drawn = 0;
  let draw: DrawLine | undefined;
  const erase = (): void => {
    if (drawn === 0) return;
    const rows = Math.ceil(drawn / Math.max(1, stream.columns));
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

const USUAL_COLUMNS = 80;

/** Some pseudo-terminals have no size. */
function widthOf({ columns }: WriteStream): number {
  return columns > 1 ? columns - 1 : USUAL_COLUMNS - 1;
}

function cut(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}
