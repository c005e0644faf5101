import { catalogRow, type MessageId } from "@pombo/domain";
import type { LaneSurvey, Ledger, MessageRecord } from "@pombo/ledger";
import type { JobPlace, QueuedJob, QueueReader, QueueReaders } from "@pombo/queue";
import { type Caller, maySee } from "../../authenticate.ts";
import type { Overviewer } from "../../take-overview.ts";
import type { BoardJob, BoardSource, BoardStatus } from "./board-source.ts";

export interface SourcesDeps {
  readonly ledger: Pick<
    Ledger,
    "countLetters" | "findMessage" | "isLetter" | "letterRange" | "waitingIds"
  >;
  readonly queues: QueueReaders;
  readonly overviewer: Overviewer;
}

/** Lanes that are shown without being asked for. */
const BUSIEST = 10;
const LANE = "lane:";

/**
 * What the board shows: webhooks, dead letters, the busiest lanes, and the one that was asked for by name: `lane:` and the id or the name of
 * its device. A key for certain devices sees their lanes only.
 */
export async function boardSources(
  { caller, named = "" }: { readonly caller: Caller; readonly named: string | undefined },
  deps: SourcesDeps,
): Promise<readonly BoardSource[]> {
  const all = (await deps.overviewer.take()).lanes;
  const lanes = all.filter(({ deviceId }) => maySee(caller, deviceId));
  const busiest = lanes.toSorted((one, other) => waiting(other) - waiting(one)).slice(0, BUSIEST);
  const shown = busiest.map((lane) => laneSource(LANE + lane.deviceId, lane, deps));
  const device = named.startsWith(LANE) ? named.slice(LANE.length) : undefined;
  const asked = lanes.find(({ deviceId, name }) => deviceId === device || name === device);
  const wanted =
    asked === undefined || shown.some(({ name }) => name === named)
      ? []
      : [laneSource(named, asked, deps)];
  const whole = caller.devices === "*" ? [webhookSource(deps), letterSource(deps)] : [];
  return [...whole, ...wanted, ...shown];
}

function waiting(lane: LaneSurvey): number {
  return lane.waiting + lane.held;
}

function webhookSource({ queues }: SourcesDeps): BoardSource {
  const { webhooks } = queues;
  return {
    name: "webhooks",
    title: "webhooks",
    says: "Deliveries that may go now or wait for their next try. Redeliver in the console.",
    statuses: ["active", "waiting", "delayed"],
    paused: false,
    counts: () => webhooks.counts(),
    page: async (status, from, count) =>
      isPlace(status) ? (await webhooks.page(status, from, count)).map(webhookJob) : [],
    async find(id) {
      const job = await webhooks.find(id);
      return job && { job: webhookJob(job), status: job.place };
    },
  };
}

function webhookJob(job: QueuedJob): BoardJob {
  return boardJob(job, { name: "deliver", data: { job: job.data }, href: "/console/webhooks" });
}

function letterSource({ ledger }: SourcesDeps): BoardSource {
  return {
    name: "dead-letters",
    title: "dead letters",
    says: "Messages that failed. Sending them again is for the console, which knows what may have arrived.",
    statuses: ["failed"],
    paused: false,
    counts: async () => ({ failed: await ledger.countLetters() }),
    page: async (_, from, count) => messageJobs(await ledger.letterRange(from, count), ledger),
    async find(id) {
      if (!(await ledger.isLetter(id as MessageId))) return undefined;
      const [job] = await messageJobs([id as MessageId], ledger);
      return job && { job, status: "failed" };
    },
  };
}

function laneSource(name: string, lane: LaneSurvey, { ledger, queues }: SourcesDeps): BoardSource {
  const { deviceId } = lane;
  const reader = queues.lane(deviceId);
  const drawn = Object.entries(lane.backlog).reduce(
    (sum, [priority, count]) => sum + count - lane.undrawn[priority as keyof LaneSurvey["undrawn"]],
    0,
  );
  return {
    name,
    title: lane.name,
    says: standing(lane),
    statuses: ["active", "waiting", "prioritized", "delayed"],
    paused: lane.paused,
    async counts() {
      const { active, waiting: next } = await reader.counts();
      return { active, waiting: next, prioritized: drawn, delayed: lane.held };
    },
    async page(status, from, count) {
      if (status === "active" || status === "waiting")
        return laneJobs(reader, { status, from, count });
      const place = { deviceId, held: status === "delayed" };
      return messageJobs(await ledger.waitingIds(place, from, count), ledger);
    },
    async find(id) {
      const job = await reader.find(id);
      if (job !== undefined) return { job: laneJob(job), status: job.place };
      const message = await ledger.findMessage(id as MessageId);
      const status = message?.deviceId === deviceId ? RESTS[message.place] : undefined;
      return message && status && { job: messageJob(message), status };
    },
  };
}

const RESTS: Readonly<Partial<Record<string, BoardStatus>>> = {
  backlog: "prioritized",
  held: "delayed",
};

function standing({ deviceId, state, stopped, undrawn }: LaneSurvey): string {
  const rows = Object.values(undrawn).reduce((sum, count) => sum + count, 0);
  return [
    `${deviceId}, ${state}${stopped === undefined ? "" : `, stopped by ${stopped.by}`}.`,
    "Active: in hand. Waiting: next. Prioritized: its backlog, in order. Delayed: held.",
    ...(rows === 0 ? [] : [`${rows} more rows wait in batches.`]),
  ].join(" ");
}

async function laneJobs(
  reader: QueueReader,
  at: { readonly status: JobPlace; readonly from: number; readonly count: number },
): Promise<readonly BoardJob[]> {
  return (await reader.page(at.status, at.from, at.count)).map(laneJob);
}

/** `<message id>.<feed>` */
function laneJob(job: QueuedJob): BoardJob {
  const [messageId = "", feed = ""] = job.id.split(".");
  const data = { message_id: messageId, feed: Number(feed) };
  return boardJob(job, { name: "send", data, href: `/console/messages/${messageId}` });
}

function boardJob(
  { id, createdAt, delayMs, begunAt, starts }: QueuedJob,
  shown: Pick<BoardJob, "name" | "data" | "href">,
): BoardJob {
  const begun = begunAt === undefined ? {} : { begunAt };
  return {
    id,
    createdAt,
    attempts: starts,
    ...(delayMs > 0 ? { delayMs } : {}),
    ...begun,
    ...shown,
  };
}

async function messageJobs(
  ids: readonly MessageId[],
  ledger: Pick<Ledger, "findMessage">,
): Promise<readonly BoardJob[]> {
  const found = await Promise.all(ids.map((id) => ledger.findMessage(id)));
  return found.flatMap((message) => (message === undefined ? [] : [messageJob(message)]));
}

/** Neither its text nor whom it goes to: those are for who may read messages. */
function messageJob(message: MessageRecord): BoardJob {
  const { id, status, priority, deviceId, batchId, attempts, mayHaveLeft, lastError } = message;
  return {
    id,
    name: lastError?.code ?? priority,
    createdAt: message.createdAt,
    attempts,
    ...(lastError === undefined || status !== "failed"
      ? {}
      : {
          failure: `${lastError.code}: ${catalogRow(lastError.code).says}`,
          // Without it, bull-board would reckon from 1970 how long it took.
          begunAt:
            message.timeline.findLast((entry) => entry.status === "sending")?.at ?? lastError.at,
          endedAt: lastError.at,
        }),
    data: {
      message_id: id,
      device_id: deviceId,
      status,
      priority,
      may_have_left: mayHaveLeft,
      batch_id: batchId ?? null,
    },
    href: `/console/messages/${id}`,
  };
}

function isPlace(status: BoardStatus): status is JobPlace {
  return status === "active" || status === "waiting" || status === "delayed";
}
