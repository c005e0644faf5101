import fc from "fast-check";
import { expect, test } from "vitest";
import { readServerSentEvents, type ServerSentEvent } from "./server-sent-events.ts";

async function read(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const blocks: ServerSentEvent[] = [];
  for await (const block of readServerSentEvents(stream)) blocks.push(block);
  return blocks;
}

const TEXT =
  'retry: 1000\nid: 1-0\n\nevent: gap\ndata: {"oldest":"5-0"}\n\n:\nid: 6-0\n\r\nid: 7-0\r\ndata: olá ✓\r\ndata:second\r\rdata\n\ndata: cut off';

const BLOCKS = [
  { event: "message", id: "1-0" },
  { event: "gap", data: '{"oldest":"5-0"}', id: "1-0" },
  { event: "message", id: "6-0" },
  { event: "message", data: "olá ✓\nsecond", id: "7-0" },
  { event: "message", data: "", id: "7-0" },
];

test("blocks are read as the standard has them; ids stay, comments and half a block count for nothing", async () => {
  expect(await read([new TextEncoder().encode(TEXT)])).toEqual(BLOCKS);
});

test("however the bytes are cut", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((edge, at) => bytes.slice(edges[at], edge));
      expect(await read(chunks)).toEqual(BLOCKS);
    }),
    { numRuns: 60 },
  );
});

test("who leaves the loop cancels the stream", async () => {
  let canceled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
    cancel: () => void (canceled = true),
  });
  for await (const block of readServerSentEvents(stream)) {
    expect(block.data).toBe("1");
    break;
  }
  expect(canceled).toBe(true);
});
