import {
  type Asked,
  call,
  type CallOptions,
  type Connection,
  type Fields,
  type Shape,
} from "./call.ts";
import { type BatchToPreview, createBatch, type NewBatch, previewBatch } from "./create-batch.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./next-try.ts";
import { type EventsAsk, type Gap, type PomboEvent, streamEvents } from "./stream-events.ts";
import { type Input, type Output, type RouteName, SHAPES } from "./table.ts";

export interface PomboOptions {
  /** Where Pombo is: `https://pombo.example.com`. */
  readonly url: string;
  /** An API key. Absent where something else speaks for the caller, like the cookie of a session. */
  readonly key?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of one try; 30 s when absent. */
  readonly timeoutMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** In place of the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What a method takes: where nothing must be given, the input may be left out. */
type Arguments<Name extends RouteName> =
  object extends Input<Name>
    ? [input?: Input<Name>, options?: CallOptions]
    : [input: Input<Name>, options?: CallOptions];

/** A method for every route of the native dialect, named as in the OpenAPI document. */
type Calls = {
  readonly [Name in RouteName]: (...given: Arguments<Name>) => Promise<Output<Name>>;
};

export interface Pombo extends Calls {
  readonly batches: {
    /** Sends many messages from rows or from CSV; see {@link NewBatch}. An upload that breaks off is sent again and goes on where it stopped. */
    create(batch: NewBatch, options?: CallOptions): Promise<Output<"createBatch">>;
    /** What would become of them: nothing is sent, and nothing is stored. */
    preview(batch: BatchToPreview, options?: CallOptions): Promise<Output<"previewBatch">>;
  };
  /** What happens from now on, or behind `after`; goes on over broken connections until `signal` aborts or the loop is left. */
  events(ask?: EventsAsk): AsyncGenerator<PomboEvent | Gap, void, undefined>;
  /** The answer of a route as it is, for those that don't answer in JSON: a picture, a file. */
  raw<Name extends RouteName>(name: Name, ...given: Arguments<Name>): Promise<Response>;
}

/** A client of one Pombo. It holds nothing open: there is nothing to close. */
export function createPombo(options: PomboOptions): Pombo {
  const connection: Connection = {
    url: options.url.replace(/\/+$/, ""),
    headers: {
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      ...options.headers,
    },
    timeoutMs: options.timeoutMs ?? 30_000,
    retry: { ...DEFAULT_RETRY, ...options.retry },
    // Browsers refuse a fetch that is called on another object.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
  const ask = <Read>(name: RouteName, asked: Asked<Read>): Promise<Read> =>
    call(SHAPES[name] as Shape, asked, connection);
  const raw = (name: RouteName, input: Fields = {}, given: CallOptions = {}): Promise<Response> =>
    ask(name, { input, options: given, read: (response) => Promise.resolve(response) });
  const calls = Object.keys(SHAPES).map((name) => [
    name,
    (input: Fields = {}, given: CallOptions = {}): Promise<unknown> =>
      ask(name as RouteName, { input, options: given, read: (response) => response.json() }),
  ]);
  const named = Object.fromEntries(calls) as Calls;
  return {
    ...named,
    batches: {
      create: (batch, given = {}) =>
        createBatch(batch, given, (input, asked) => named.createBatch(input, asked)),
      preview: (batch, given = {}) =>
        previewBatch(batch, given, (input, asked) => named.previewBatch(input, asked)),
    },
    raw,
    events: (wanted = {}) => streamEvents(wanted, { raw, retry: connection.retry }),
  };
}
