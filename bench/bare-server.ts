import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/**
 * What an accept costs at the least, as most would write it: an Express handler that adds one BullMQ job and answers 202. The
 * same libraries, in the same versions, as the API and the lanes use.
 */
interface BareRequest {
  readonly body: unknown;
}

interface BareResponse {
  status(code: number): BareResponse;
  json(body: unknown): void;
}

interface BareExpress {
  (): {
    use(handler: unknown): void;
    post(path: string, handler: (req: BareRequest, res: BareResponse) => Promise<void>): void;
  };
  json(): unknown;
}

interface BareBullMq {
  readonly Queue: new (
    name: string,
    options: object,
  ) => { add(name: string, data: unknown): Promise<{ readonly id?: string }> };
}

const packages = join(import.meta.dirname, "..");
const express = createRequire(join(packages, "apps/api/package.json"))("express") as BareExpress;
const { Queue } = createRequire(join(packages, "packages/queue/package.json"))(
  "bullmq",
) as BareBullMq;

const { hostname, port, password } = new URL(process.argv[2] ?? "");
const queue = new Queue("bare", {
  connection: { host: hostname, port: Number(port), password },
  prefix: "{bare}",
});
const app = express();
app.use(express.json());
// oxlint-disable-next-line no-async-endpoint-handlers -- Express 5 takes the promise
app.post("/v1/messages", async (req, res) => {
  const { id } = await queue.add("send", req.body);
  res.status(202).json({ message_id: id, status: "queued" });
});
const server = createServer(app as never);
server.listen(0, "127.0.0.1", () => {
  const { port: own } = server.address() as AddressInfo;
  process.send?.({ kind: "ready", url: `http://127.0.0.1:${own}` });
});
process.once("SIGTERM", () => process.exit(0));
process.once("disconnect", () => process.exit(0));
