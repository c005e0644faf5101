import type { CallOptions, Fields } from "./call.ts";
import type { Input, Output } from "./table.ts";

type Row = Readonly<Record<string, unknown>>;
type Rows = Iterable<Row> | AsyncIterable<Row>;

/** Rows, or a function that gives them anew for each try: an iterator can be gone through only once. */
export type BatchRows = readonly Row[] | Rows | (() => Rows);

/** A batch: its settings, and its rows as objects or as CSV. */
export type NewBatch = Input<"createBatch"> &
  (
    | { readonly rows: BatchRows; readonly csv?: never }
    | { readonly csv: BodyInit | (() => BodyInit); readonly rows?: never }
  );

/** Of one try: an upload may be long. */
const UPLOAD_MS = 1_800_000;
const CHUNK_CHARS = 65_536;

/** A batch, and how closely to look at it. */
export type BatchToPreview = NewBatch & Pick<Input<"previewBatch">, "sample" | "look_up">;

type Ask<Answer> = (input: Fields, options: CallOptions) => Promise<Answer>;

/**
 * Sends many messages. Rows go as NDJSON while they are made; the settings are its first line, so they may be long. The upload carries one
 * Idempotency-Key in all its tries: one that broke off goes on where it stopped, and no row is taken twice.
 */
export function createBatch<Answer = Output<"createBatch">>(
  { rows, csv, ...settings }: NewBatch,
  options: CallOptions,
  ask: Ask<Answer>,
): Promise<Answer> {
  const patient = { timeoutMs: UPLOAD_MS, ...options };
  if (rows === undefined)
    return ask(settings, { ...patient, content: csv, contentType: "text/csv" });
  const content = contentOf(settings, rows);
  return ask({}, { ...patient, content, contentType: "application/x-ndjson" });
}

/** What would become of a batch: nothing is sent, and nothing is stored. */
export function previewBatch(
  { sample, look_up, ...batch }: BatchToPreview,
  options: CallOptions,
  ask: Ask<Output<"previewBatch">>,
): Promise<Output<"previewBatch">> {
  const closely = {
    ...(sample === undefined ? {} : { sample }),
    ...(look_up === undefined ? {} : { look_up }),
  };
  return createBatch(batch, options, (input, asked) => ask({ ...input, ...closely }, asked));
}

function contentOf(settings: Fields, rows: BatchRows): BodyInit | (() => BodyInit) {
  if (typeof rows === "function") return () => streamOf(linesOf(settings, rows()));
  // Not every browser sends streams.
  if (Array.isArray(rows))
    return [{ batch: settings }, ...(rows as readonly Row[])].map(lineOf).join("");
  return streamOf(linesOf(settings, rows));
}

async function* linesOf(settings: Fields, rows: Rows): AsyncGenerator<string, void, undefined> {
  yield lineOf({ batch: settings });
  for await (const row of rows) yield lineOf(row);
}

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** Made as it is read, in pieces that are worth a write each. */
function streamOf(
  lines: AsyncGenerator<string, void, undefined>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      let text = "";
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- row after row
        const next = await lines.next();
        if (next.done !== true) text += next.value;
        if (next.done === true || text.length >= CHUNK_CHARS) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          if (next.done === true) controller.close();
          return;
        }
      }
    },
    async cancel() {
      await lines.return();
    },
  });
}
