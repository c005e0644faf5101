import type { WriteStream } from "node:tty";

/** What fills the terminal for a while; what was there before comes back at the end. */
export interface Screen extends Disposable {
  draw(text: (columns: number) => string): void;
}

const ENTER = "\u001B[?1049h";
const LEAVE = "\u001B[?1049l";
const CLEAR = "\u001B[H\u001B[2J";

/** Draws again when the terminal changes its size. */
export function openScreen(stream: WriteStream): Screen {
  let isLeft = false;
  let text: ((columns: number) => string) | undefined;
  const draw = (): void => {
    if (text !== undefined) stream.write(`${CLEAR}${text(stream.columns)}\n`);
  };
  stream.write(ENTER);
  stream.on("resize", draw);
  return {
    draw(next) {
      text = next;
      draw();
    },
    [Symbol.dispose]() {
      if (isLeft) return;
      isLeft = true;
      stream.off("resize", draw);
      stream.write(LEAVE);
    },
  };
}
