import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, FrameError, openFrameReader, waHeader } from "./frame.ts";

const routing = (bytes: number): Buffer => {
  const head = Buffer.from([0x45, 0x44, 0, 1, 0, 0, 0]);
  head.writeUIntBE(bytes, 4, 3);
  return Buffer.concat([head, Buffer.alloc(bytes, 7)]);
};

test("frames come out whole and in order, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      fc.boolean(),
      (payloads, cuts, routed) => {
        const stream = Buffer.concat([
          ...(routed ? [routing(5)] : []),
          waHeader,
          ...payloads.map(encodeFrame),
        ]);
        const reader = openFrameReader(() => 1_000);
        const frames: Buffer[] = [];
        for (let at = 0, step = 0; at < stream.length; step++) {
          const size = cuts[step % cuts.length] ?? 1;
          frames.push(...reader.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(frames.map((frame) => frame.toString("hex"))).toEqual(
          payloads.map((payload) => Buffer.from(payload).toString("hex")),
        );
      },
    ),
  );
});

test("an oversized length is refused before its bytes arrive", () => {
  const reader = openFrameReader(() => 100);
  expect(() => reader.push(Buffer.concat([waHeader, Buffer.from([0, 0, 101])]))).toThrow(
    FrameError,
  );
});

test("another intro is refused", () => {
  expect(() => openFrameReader(() => 100).push(Buffer.from("GET / HTTP/1.1"))).toThrow(FrameError);
  expect(() => openFrameReader(() => 100).push(routing(101))).toThrow(FrameError);
});

test("any bytes either yield frames or a FrameError", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 10 }), (chunks) => {
      const reader = openFrameReader(() => 50);
      try {
        for (const chunk of chunks) reader.push(Buffer.from(chunk));
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    }),
  );
});
