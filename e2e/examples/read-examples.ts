/** One example of a guide: what is run, and what is said to come out. */
export interface Example {
  readonly line: number;
  readonly language: "sh" | "js";
  readonly code: string;
  readonly expected?: { readonly as: "json" | "text"; readonly text: string };
}

export interface ReadExamples {
  readonly examples: readonly Example[];
  /** The lines of blocks that look like an example and are not run. */
  readonly unmarked: readonly number[];
}

interface Block {
  readonly line: number;
  readonly info: string;
  readonly text: string;
}

/**
 * Reads the examples of a guide. A block is run when its language is followed by `run`; the next block shows what came out when its own
 * is followed by `output`. `shown` marks what can't be run by a test, as a start of the product.
 */
export function readExamples(markdown: string): ReadExamples {
  const blocks = blocksOf(markdown);
  const examples = blocks.flatMap((block, at) => {
    const [language, mark] = block.info.split(" ");
    if (mark !== "run" || (language !== "sh" && language !== "js")) return [];
    const expected = expectedOf(blocks[at + 1]);
    return [{ line: block.line, language, code: block.text, ...expected } as const];
  });
  const unmarked = blocks.filter(({ info }) =>
    /^(?:sh|bash|js|ts|javascript|typescript)$/.test(info),
  );
  return { examples, unmarked: unmarked.map(({ line }) => line) };
}

function expectedOf(block: Block | undefined): Pick<Example, "expected"> {
  const [as, mark] = (block?.info ?? "").split(" ");
  if (block === undefined || mark !== "output" || (as !== "json" && as !== "text")) return {};
  return { expected: { as, text: block.text } };
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [at, line] of markdown.split("\n").entries()) {
    if (open === undefined) {
      if (line.startsWith("```")) open = { line: at + 1, info: line.slice(3).trim(), lines: [] };
    } else if (line === "```") {
      blocks.push({ line: open.line, info: open.info, text: open.lines.join("\n") });
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}
