export interface Lines {
  write(text: string): unknown;
}

/** Lines of one turn of the event loop leave as one write; nothing is held back for longer, and an ending process writes what it has. */
export function byTurn(to: Lines): Lines {
  let text = "";
  const flush = (): void => {
    const lines = text;
    text = "";
    if (lines !== "") to.write(lines);
  };
  process.on("exit", flush);
  return {
    write(line) {
      if (text === "") setImmediate(flush);
      text += line;
    },
  };
}
