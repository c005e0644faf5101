import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { idsOf, openTracing, readTraceparent, wantsTraces, writeTraceparent } from "./tracing.ts";

test("traces are off unless the standard variables say where they go", () => {
  expect(wantsTraces({})).toBe(false);
  expect(
    wantsTraces({ OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "http://x" }),
  ).toBe(false);
  expect(wantsTraces({ OTEL_SDK_DISABLED: "true", OTEL_TRACES_EXPORTER: "otlp" })).toBe(false);
  expect(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: "" })).toBe(false);
  expect(wantsTraces({ OTEL_TRACES_EXPORTER: "otlp" })).toBe(true);
  expect(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://x" })).toBe(true);
  expect(wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://x" })).toBe(true);
});

test("the header of W3C is read and written; what makes no sense is no place in a trace", () => {
  const header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const place = readTraceparent(header);
  expect(place).toEqual({
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    sampled: true,
  });
  expect(place && writeTraceparent(place)).toBe(header);
  expect(readTraceparent(header.replace(/01$/, "00"))?.sampled).toBe(false);
  for (const wrong of [
    undefined,
    "",
    "x",
    header.replace("00-4", "ff-4"),
    header.replace(/-0.*7-/, `-${"0".repeat(16)}-`),
  ])
    expect(readTraceparent(wrong), wrong).toBeUndefined();
});

interface Exported {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly status: { readonly code?: number };
}

async function openReceiver(): Promise<{ url: string; spans: () => readonly Exported[] }> {
  const spans: Exported[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const told = JSON.parse(Buffer.concat(chunks).toString()) as {
        resourceSpans: { scopeSpans: { spans: Exported[] }[] }[];
      };
      for (const { scopeSpans } of told.resourceSpans)
        spans.push(...scopeSpans.flatMap((scope) => scope.spans));
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans: () => spans };
}

test("spans arrive by OTLP under the ids that the message's id makes, also from another process", async () => {
  const receiver = await openReceiver();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url);
  onTestFinished(() => void vi.unstubAllEnvs());
  const tracing = await openTracing("test", { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  if (tracing === undefined) throw new Error("traces are off");
  const place = tracing.placeOf("3EB0A1");
  const times = { startedAt: 1_700_000_000_000, endedAt: 1_700_000_000_250, attributes: {} };
  tracing.note({ name: "root", kind: "server", self: place, ...times });
  tracing.note({ name: "child", kind: "client", parent: place, failed: "SEND_FAILED", ...times });
  await tracing[Symbol.asyncDispose]();
  const { traceId, spanId } = idsOf("3EB0A1");
  expect(receiver.spans()).toMatchObject([
    { name: "root", traceId, spanId },
    { name: "child", traceId, parentSpanId: spanId, status: { code: 2 } },
  ]);
});

test("a ratio is decided by the trace, so that every process decides alike", async () => {
  const env = {
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.5",
  };
  const [one, other] = [await openTracing("one", env), await openTracing("other", env)];
  const ids = Array.from({ length: 200 }, (_, index) => `3EB0${index}`);
  const sampled = ids.map((id) => one?.placeOf(id).sampled);
  expect(ids.map((id) => other?.placeOf(id).sampled)).toEqual(sampled);
  expect(sampled.filter(Boolean).length).toBeGreaterThan(60);
  expect(sampled.filter(Boolean).length).toBeLessThan(140);
  await one?.[Symbol.asyncDispose]();
  await other?.[Symbol.asyncDispose]();
});
