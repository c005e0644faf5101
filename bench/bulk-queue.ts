import { createRequire } from "node:module";
import { join } from "node:path";
import { answerParent } from "./answer-parent.ts";
import { type BulkFile, rowOf } from "./bulk-rows.ts";

/** What a bulk send costs at the least, as most would write it: `Queue.addBulk` of 500 jobs at a time. */
interface BareJob {
  readonly name: string;
  readonly data: unknown;
}

interface BareBullMq {
  readonly Queue: new (
    name: string,
    options: object,
  ) => {
    addBulk(jobs: readonly BareJob[]): Promise<unknown>;
    obliterate(options: { readonly force: true }): Promise<void>;
  };
}

const CHUNK = 500;
const { Queue } = createRequire(join(import.meta.dirname, "../packages/queue/package.json"))(
  "bullmq",
) as BareBullMq;
const { hostname, port, password } = new URL(process.argv[2] ?? "");
const queue = new Queue("bulk", {
  connection: { host: hostname, port: Number(port), password },
  prefix: "{bulk}",
});

answerParent({
  /** ms */
  async add(file: BulkFile): Promise<number> {
    const from = performance.now();
    for (let first = 0; first < file.rows; first += CHUNK) {
      const count = Math.min(CHUNK, file.rows - first);
      const jobs = Array.from({ length: count }, (_, at) => jobOf(file, first + at));
      // oxlint-disable-next-line no-await-in-loop -- chunk after chunk
      await queue.addBulk(jobs);
    }
    return performance.now() - from;
  },
  clear: () => queue.obliterate({ force: true }),
});

function jobOf(file: BulkFile, index: number): BareJob {
  const { to, name, order, note } = rowOf(file, index);
  const text = `Hello ${name}, your order ${order} is on its way. ${note}`;
  return { name: "send", data: { from: "dev_0123456789abcdef", to, text } };
}
