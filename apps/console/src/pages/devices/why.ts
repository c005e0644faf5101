import { counted, formatClock } from "../../ui/format.ts";
import { wordOf } from "../../ui/status-role.ts";
import type { Gate, Lane, LaneGates } from "./device.ts";

/** A gate in two words, as it is passed. */
const GATE_WORDS: Readonly<Record<Gate["gate"], string>> = {
  worker: "worker",
  connection: "connected",
  pause: "not paused",
  throttle: "not slowed down",
  hold: "hold",
  batch: "batches",
  quiet_hours: "quiet hours",
  budget: "budget",
  pace: "pace",
  order: "order",
  retry: "retries",
};

/** A gate that stops, where that is called otherwise. */
const STOPPED_WORDS: Readonly<Partial<Record<Gate["gate"], string>>> = {
  worker: "no worker",
  connection: "not connected",
  pause: "paused",
  throttle: "slowed down",
};

export function gateWord({
  gate,
  state,
  waiting,
}: Pick<Gate, "gate" | "state" | "waiting">): string {
  // One that is not reached and keeps messages would stop them as well.
  const stops = state === "stop" || (state === "not_reached" && waiting > 0);
  return (stops ? STOPPED_WORDS[gate] : undefined) ?? GATE_WORDS[gate];
}

export interface Why {
  readonly sentence: string;
  /** Red: nobody can explain it. */
  readonly unexplained: boolean;
  readonly blocker?: Gate;
}

type WhyFacts = Pick<Lane, "depth" | "pace" | "paused_by">;

/** The first blocker of a lane, as a sentence. */
export function whyOf(gates: LaneGates, lane: WhyFacts): Why {
  if (gates.unexplained)
    return {
      sentence: "Messages wait, nothing stops them, and none was sent for two slots.",
      unexplained: true,
    };
  const blocker = gates.gates.find(({ state }) => state === "stop");
  if (blocker === undefined) {
    const waiting = gates.waiting.reduce((sum, { count }) => sum + count, 0);
    const sentence =
      waiting === 0 ? "Nothing is waiting." : "Nothing stops it: messages go out in their turn.";
    return { sentence, unexplained: false };
  }
  return { sentence: sentenceOf(blocker, lane), unexplained: false, blocker };
}

function sentenceOf(
  { gate, waiting, since, until }: Gate,
  { depth, pace, paused_by: by }: WhyFacts,
): string {
  const end = until === null ? "" : ` until ${clock(until)}`;
  const from = since === null ? "" : ` since ${clock(since)}`;
  const many = waiting === 0 ? "" : ` ${counted(waiting, "message waits", "messages wait")}.`;
  switch (gate) {
    case "worker":
      return `No worker runs this device${from}. One takes it as soon as one is free.${many}`;
    case "connection":
      return `The device is not connected${from}.${many}`;
    case "pause":
      return `The lane is paused${from}${by === null ? "" : `, by ${by}`}. It goes on when somebody resumes it.${many}`;
    case "throttle":
      return `WhatsApp asked to slow down: the lane rests${end}.${many}`;
    case "hold": {
      const warm = depth.total - depth.held - depth.earlier_identity;
      return `WhatsApp limits new chats on this number${end}. ${counted(waiting, "cold message waits", "cold messages wait")}; ${counted(warm, "other", "others")} still flow. Nothing to do.`;
    }
    case "batch":
      return `Their batch is paused.${many}`;
    case "quiet_hours":
      return `It is night where the recipients are: the first go on at ${until === null ? "their morning" : clock(until)}.${many}`;
    case "budget":
      return `The day’s budget is used up${end}.${many}`;
    case "pace": {
      const allowed = pace.allowed_per_minute;
      return allowed === null
        ? `Waiting its turn${end}.${many}`
        : `Waiting its turn: ${allowed} messages a minute on this device.${many}`;
    }
    case "order":
      return `An earlier message to the same person comes first.${many}`;
    case "retry":
      return `Waiting for the next try${until === null ? "" : ` at ${clock(until)}`}.${many}`;
  }
}

function clock(instant: string): string {
  return formatClock(Date.parse(instant));
}

const REASONS: Readonly<Record<string, string>> = {
  pacing: "their turn",
  order: "an earlier message to the same person",
  account_hold: "WhatsApp to allow new chats",
  quiet_hours: "the recipient’s morning",
  scheduled: "the time that was set",
  retry: "the next try",
  reconcile: "an outcome that is unknown",
  identity_changed: "a decision: they were accepted under an earlier number",
  media: "their files",
  recipient_check: "whether the recipient is on WhatsApp",
  batch_paused: "their batch to be resumed",
  budget: "the next day’s budget",
  device_offline: "the device to connect",
  no_worker: "a worker",
  lane_paused: "somebody to resume the lane",
};

/** What messages wait for, in words. */
export function reasonSays(reason: string): string {
  return (Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined) ?? wordOf(reason);
}

/** Everything that is known of a lane, to be sent to whoever can explain it. */
export function diagnosisOf(gates: LaneGates, lane: Lane): string {
  return JSON.stringify(
    { at: gates.at, gates: gates.gates, waiting: gates.waiting, lane },
    undefined,
    2,
  );
}
