import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { Pombo } from "./pombo.ts";
import { openWebhookReceiver } from "./webhook-receiver.ts";

interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

const CALLER = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };

const PATIENT_MS = 60_000;

let stack: AsyncDisposableStack;
let pombo: Pombo;
const spans: Span[] = [];

interface Told {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly {
        readonly key: string;
        readonly value: { readonly stringValue?: string };
      }[];
    };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}

/** What an OpenTelemetry collector hears by OTLP over HTTP. */
const collect: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as Told;
    for (const { resource, scopeSpans } of resourceSpans) {
      const name = resource.attributes.find(({ key }) => key === "service.name");
      const service = name?.value.stringValue ?? "";
      for (const scope of scopeSpans)
        spans.push(...scope.spans.map((span) => ({ ...span, service })));
    }
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
};

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const collector = createServer(collect).listen(0, "127.0.0.1");
  stack.defer(() => void collector.close());
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_BSP_SCHEDULE_DELAY: "200",
  };
  pombo = stack.use(await Pombo.start({ env }));
}, 240_000);
afterAll(() => stack.disposeAsync());

async function send(traceparent: Readonly<Record<string, string>>): Promise<void> {
  const body = { from: pombo.ready.device_id, to: "5511900000077", text: "traced" };
  const answer = await pombo.api("POST", "/v1/messages", body, traceparent);
  expect(answer.status).toBe(202);
}

/** The way of one message, when its last part has been told. */
async function wayOf(traceId: string): Promise<readonly Span[]> {
  const ours = () => Promise.resolve(spans.filter((span) => span.traceId === traceId));
  const whole = (seen: readonly Span[]) =>
    ["POST /v1/messages", "message send", "message ack", "webhook delivery"].every((name) =>
      seen.some((span) => span.name === name),
    );
  return await eventually(ours, whole, PATIENT_MS);
}

test("a message is one trace, from its caller through the queue to the ack and the webhook", async () => {
  await using receiver = await openWebhookReceiver();
  const { body } = await pombo.api<{ secret: string }>("POST", "/v1/webhooks", {
    url: receiver.url,
    events: ["message.sent"],
  });
  receiver.trust(body.secret);

  await send({ traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` });
  const way = await wayOf(CALLER.traceId);
  const accepted = way.find(({ name }) => name === "POST /v1/messages");
  expect(accepted).toMatchObject({ service: "pombo-api", parentSpanId: CALLER.spanId });
  const behind = way.filter((span) => span !== accepted);
  expect(new Set(behind.map(({ parentSpanId }) => parentSpanId))).toEqual(
    new Set([accepted?.spanId]),
  );
  expect(new Set(behind.map(({ service }) => service))).toEqual(
    new Set(["pombo-worker", "pombo-notifier"]),
  );

  await send({});
  const root = await eventually(
    () =>
      Promise.resolve(
        spans.find((span) => span.name === "POST /v1/messages" && span.parentSpanId === undefined),
      ),
    (found) => found !== undefined,
    PATIENT_MS,
  );
  const own = await wayOf(root?.traceId ?? "");
  expect(own.every((span) => span === root || span.parentSpanId === root?.spanId)).toBe(true);
});
