/** What is read ended before its time: the client left, or the reader was told to stop. */
export class BrokenFileError extends Error {
  override readonly name = "BrokenFileError";
}

interface Source extends NodeJS.ReadableStream {
  iterator(options: { readonly destroyOnReturn: boolean }): AsyncIterable<Uint8Array>;
}

/**
 * Ends with an error when it is told to stop, also while the client writes nothing. Reads on after the reader has stopped, so that
 * the client, which may still be writing, gets its answer.
 */
export async function* chunksOf(source: Source, stop: AbortSignal): AsyncIterable<Uint8Array> {
  const chunks = source.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  // One promise a chunk: a race with one that stays open would hold every chunk until the end.
  let giveUp: ((reason: unknown) => void) | undefined;
  const end = (): void => giveUp?.(stop.reason);
  stop.addEventListener("abort", end);
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- chunk after chunk
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = reject;
        chunks.next().then(resolve, reject);
        if (stop.aborted) end();
      });
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw new BrokenFileError("the file broke off", { cause: error });
  } finally {
    stop.removeEventListener("abort", end);
    const rest = (): void => void source.resume();
    void chunks.return?.().then(rest, rest);
  }
}
