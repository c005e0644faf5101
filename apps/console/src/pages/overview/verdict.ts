import { counted, formatClock, formatCount, formatDuration } from "../../ui/format.ts";
import {
  type AttentionItem,
  type GoneWorker,
  leftBehind,
  type Overview,
  workerName,
} from "./overview.ts";

/** A loss is worth a word in the verdict for so long. */
const LATELY_MS = 600_000;

/** Whether messages flow, what needs somebody, and which worker was lost lately: a sentence each. */
export function verdictOf(seen: Overview, now: number): string {
  return [flowOf(seen), needsOf(seen), ...lossesOf(seen, now)].join(" ");
}

/** While Redis is silent nothing is known, and nothing is accepted. */
export function outageSays(since: number): string {
  return `Redis has not answered since ${formatClock(since)}. New messages are refused with 503.`;
}

function flowOf({ depth, rates, buckets }: Overview): string {
  if (depth.total === 0) {
    const last = buckets.findLast(({ sent }) => sent > 0);
    return last === undefined
      ? "Nothing is waiting."
      : `Nothing is waiting. The last message was acknowledged about ${formatClock(Date.parse(last.start)).slice(0, 5)}.`;
  }
  if (rates.acked_per_s > 0) return "Messages flow.";
  return `${counted(depth.total, "message waits", "messages wait")}, and none was acknowledged in the last minute.`;
}

function needsOf({ attention, attention_total: total, devices }: Overview): string {
  if (total === 0) return "Nothing needs you.";
  const named = new Set(attention.flatMap(({ device_id: id }) => id ?? []));
  if (named.size === total)
    return `${formatCount(total)} of ${counted(devices.total, "device")} ${total === 1 ? "needs" : "need"} you.`;
  return `${counted(total, "thing needs", "things need")} you.`;
}

function lossesOf({ workers, gone_workers: gone }: Overview, now: number): readonly string[] {
  const silent = workers
    .filter(({ state }) => state === "silent")
    .map(({ id }) => `Worker ${workerName(id)} does not answer.`);
  const lately = gone.filter((one) => now - changedAt(one) < LATELY_MS && one.lanes > 0);
  return [...silent, ...lately.slice(0, 1).map(lossSays)];
}

function changedAt({ seen_at: seen, last_taken_at: taken }: GoneWorker): number {
  return Date.parse(taken ?? seen);
}

/** What became of the devices of a worker that is gone. */
export function lossSays(gone: GoneWorker): string {
  const { id, stopped, seen_at: seen, lanes, takers, last_taken_at: taken } = gone;
  const name = workerName(id);
  const left = leftBehind(gone);
  const went = stopped ? "stopped" : "stopped answering";
  if (lanes === 0)
    return `Worker ${name} ${went} at ${formatClock(Date.parse(seen))}; it had no devices.`;
  const its = `its ${lanes === 1 ? "device" : counted(lanes, "device")}`;
  if (left > 0 || taken === null)
    return `Worker ${name} ${went} at ${formatClock(Date.parse(seen))}; ${counted(left, "device waits", "devices wait")} for another worker.`;
  const who = [...new Set(takers.map((taker) => workerName(taker.id)))];
  const took = formatDuration(Date.parse(taken) - Date.parse(seen));
  if (who.length === 1 && who[0] === name)
    return `Worker ${name} ${went} and took over ${its} again in ${took}.`;
  return `Worker ${name} ${went}; ${who.join(" and ")} took over ${its} in ${took}.`;
}

interface Said {
  /** What is wrong. */
  readonly says: string;
  readonly role: "waiting" | "needs-you";
  /** Where to go, and what that is called. */
  readonly action?: { readonly label: string; readonly href: string };
}

const WAITING: ReadonlySet<AttentionItem["kind"]> = new Set(["hold", "offline_with_backlog"]);

/** A row of the attention list, in words. */
export function attentionSays(item: AttentionItem): Said {
  const role = WAITING.has(item.kind) ? "waiting" : "needs-you";
  const action = actionOf(item);
  return { says: sentenceOf(item), role, ...(action === undefined ? {} : { action }) };
}

function sentenceOf({ kind, size }: AttentionItem): string {
  switch (kind) {
    case "unexplained_stall":
      return `${counted(size, "message waits", "messages wait")}, nothing stops them, and none goes`;
    case "no_worker":
      return `${counted(size, "device has", "devices have")} no worker`;
    case "redis":
      return `Redis: ${size} % of its memory is used, or it can’t write`;
    case "blocked_account":
      return `WhatsApp blocked the account; ${counted(size, "message waits", "messages wait")}`;
    case "hold":
      return `WhatsApp holds new chats; ${counted(size, "cold message waits", "cold messages wait")}`;
    case "dead_letters_rising":
      return `${counted(size, "failure")} within an hour, and rising`;
    case "webhook_failing":
      return `The receiver fails; ${counted(size, "delivery waits", "deliveries wait")}`;
    case "offline_with_backlog":
      return `Offline; ${counted(size, "message waits", "messages wait")}`;
  }
}

function actionOf({
  kind,
  device_id: device,
  code,
  webhook_id: webhook,
}: AttentionItem): Said["action"] {
  if (kind === "dead_letters_rising")
    return { label: "Triage", href: `/dead-letters?code=${code ?? ""}` };
  if (kind === "webhook_failing")
    return { label: "Deliveries", href: `/webhooks?webhook=${webhook ?? ""}` };
  if (kind === "no_worker") return { label: "Workers", href: "/#workers" };
  if (device === null) return undefined;
  return {
    label: kind === "offline_with_backlog" ? "Reconnect" : "Why",
    href: `/devices/${device}`,
  };
}

/** Who or what it is about. */
export function subjectOf({
  kind,
  device_name: name,
  device_id: device,
  code,
  webhook_id: webhook,
}: AttentionItem): string {
  return name ?? device ?? code ?? webhook ?? (kind === "redis" ? "Redis" : "Workers");
}
