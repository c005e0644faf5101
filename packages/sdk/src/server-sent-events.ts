/** One block of a stream of server-sent events. */
export interface ServerSentEvent {
  readonly event: string;
  /** Undefined for a block without data: it only moves the id on, or shows that the stream lives. */
  readonly data?: string;
  /** The last id so far, of this block or an earlier one. */
  readonly id?: string;
}

/** Reads a stream of server-sent events block by block, as the HTML standard has them. What is left at its end without a blank line is dropped. */
export async function* readServerSentEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let id: string | undefined;
  let event = "message";
  let data: string[] = [];
  for await (const line of linesOf(stream)) {
    const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (line === "") {
      yield {
        event,
        ...(data.length === 0 ? {} : { data: data.join("\n") }),
        ...(id === undefined ? {} : { id }),
      };
      event = "message";
      data = [];
    } else if (name === "id") id = value;
    else if (name === "event") event = value;
    else if (name === "data") data.push(value);
  }
}

async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- chunk after chunk
      const { done, value } = await reader.read();
      if (done) return;
      // A carriage return at the end may be half of a line's end.
      const parts = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    // Also when the loop over the lines was left.
    await reader.cancel().catch(() => undefined);
  }
}
