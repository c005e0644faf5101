export interface Line {
  /** From 1. */
  readonly line: number;
  /** Length without its line end. */
  readonly chars: number;
  /** Absent when it is longer than it may be. */
  readonly text?: string;
}

export interface LineReader {
  /** The lines that are complete with this piece; blank ones are only counted. */
  push(text: string): Line[];
  /** The last line, which may lack its end. */
  end(): Line[];
}

/** Lines over pieces of text, ended by LF or CR LF. What is longer than `mostChars` is not kept. */
export function lineReader(mostChars: number): LineReader {
  let held = "";
  let dropped = 0;
  let line = 1;

  const take = (text: string): Line | undefined => {
    const whole = text.endsWith("\r") ? text.slice(0, -1) : text;
    const chars = dropped + whole.length;
    const read = chars > mostChars ? { line, chars } : { line, chars, text: whole };
    line += 1;
    dropped = 0;
    return whole.trim() === "" && chars <= mostChars ? undefined : read;
  };

  return {
    push(piece) {
      const text = held + piece;
      const lines: Line[] = [];
      let at = 0;
      for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", at)) {
        const read = take(text.slice(at, end));
        if (read !== undefined) lines.push(read);
        at = end + 1;
      }
      held = text.slice(at);
      // One more: it may be the first half of a line end.
      if (held.length > mostChars + 1) {
        dropped += held.length - 1;
        held = held.slice(-1);
      }
      return lines;
    },
    end() {
      const read = take(held);
      held = "";
      return read === undefined ? [] : [read];
    },
  };
}
