import {
  type AddSandboxFaultInput,
  type FAULT_FIELDS,
  type Problem,
  SANDBOX_FAULTS,
  type SandboxFault,
  type SandboxFaultBody,
  type SandboxFaultsBody,
} from "@pombo/contract";
import { type Fields, fieldsOf, nullableText, nullableWhole } from "./fields.ts";

/** The troubles by name: what the simulator is told, and what a person is told about them. */
interface FaultKind {
  readonly on: string;
  readonly action: (given: { readonly seconds: number; readonly code: number }) => unknown;
  readonly says: string;
  /** What Pombo does about it. */
  readonly remedy: string;
  readonly takes: readonly (typeof FAULT_FIELDS)[number][];
  readonly seconds?: number;
  readonly code?: number;
}

const LATE: FaultKind["action"] = ({ seconds }) => ({ delay_ms: seconds * 1_000 });

const KINDS: Readonly<Record<SandboxFault, FaultKind>> = {
  new_chats_refused: {
    on: "message",
    action: () => ({ nack: 463 }),
    says: "WhatsApp refuses a message with 463: this number may not start new chats for now",
    remedy:
      "The message goes back and is held, with all others to people who have not written. Chats that are alive go on. When the hold ends one message tries first.",
    takes: ["to", "account"],
  },
  refused: {
    on: "message",
    action: ({ code }) => ({ nack: code }),
    says: "WhatsApp refuses a message with a code",
    remedy: "The code decides: 500 is tried again later, 406 is a dead letter that waits for you.",
    takes: ["to", "account", "code"],
    code: 406,
  },
  no_ack: {
    on: "message",
    action: () => "no_ack",
    says: "A message arrives, but WhatsApp never says so",
    remedy:
      "Its outcome is unknown until a receipt shows that it arrived. It is never sent under another id.",
    takes: ["to", "account"],
  },
  lost: {
    on: "message",
    action: () => "blackhole",
    says: "A message neither arrives nor is answered",
    remedy:
      "Its outcome is unknown. Pombo waits for late evidence, connects anew and sends it again with the same id.",
    takes: ["to", "account"],
  },
  late_ack: {
    on: "message",
    action: LATE,
    says: "WhatsApp acknowledges a message late",
    remedy:
      "Up to the time it waits nothing happens; after that the outcome is unknown, and the late answer settles it.",
    takes: ["to", "account", "seconds"],
    seconds: 25,
  },
  late_receipts: {
    on: "receipt",
    action: LATE,
    says: "The phone confirms a message late",
    remedy: "The message stays sent, and becomes delivered and read when the receipts come.",
    takes: ["to", "account", "seconds"],
    seconds: 10,
  },
  slow: {
    on: "iq",
    action: LATE,
    says: "WhatsApp takes long to answer the questions before a message",
    remedy: "The lane waits with it; the others go on.",
    takes: ["account", "seconds"],
    seconds: 3,
  },
  disconnect: {
    on: "socket",
    action: () => "close",
    says: "The connection of a device breaks",
    remedy: "It connects again by itself; what was in hand is settled first.",
    takes: ["account"],
  },
  restart: {
    on: "socket",
    action: () => ({ stream_error: { code: 515 } }),
    says: "WhatsApp asks a device to connect anew (515)",
    remedy: "It does so at once; this is normal after a pairing.",
    takes: ["account"],
  },
  replaced: {
    on: "socket",
    action: () => "replaced",
    says: "Another session takes the place of a device (440)",
    remedy:
      "It comes back once. When it happens again, it stays away until you connect it: two sessions would fight.",
    takes: ["account"],
  },
  logged_out: {
    on: "socket",
    action: () => "unlink",
    says: "The phone ends the link of a device (401)",
    remedy: "The device is logged out, and its messages wait until it is paired again.",
    takes: ["account"],
  },
};

/** What the simulator is to be told; a field that this trouble knows no use for is a slip. */
export function orderOf(
  input: AddSandboxFaultInput,
): { readonly order: object } | { readonly problem: Problem } {
  const { fault, times, to, account } = input;
  const kind = KINDS[fault];
  const given = { to, account, seconds: input.seconds, code: input.code };
  const useless = Object.entries(given).filter(
    ([name, value]) => value !== undefined && !kind.takes.some((taken) => taken === name),
  );
  if (useless.length > 0) {
    const says = (name: string) =>
      `${name} does not apply to ${fault} (it takes: ${kind.takes.join(", ")})`;
    const validation = useless.map(([field, value]) => ({ field, message: says(field), value }));
    return { problem: { code: "VALIDATION_ERROR", validation } };
  }
  const { seconds = kind.seconds ?? 0, code = kind.code ?? 0 } = input;
  const match = {
    ...(to === undefined ? {} : { to }),
    ...(account === undefined ? {} : { device: account }),
  };
  const counted = times === undefined ? {} : { times };
  return { order: { on: kind.on, match, action: kind.action({ seconds, code }), ...counted } };
}

/** Without what every answer has. */
export type FaultFields = Omit<SandboxFaultBody, "success">;

/** A fault of the simulator in our words. */
export function faultOf(value: unknown): FaultFields {
  const fields = fieldsOf(value);
  const match = fieldsOf(fields["match"]);
  const action = JSON.stringify(fields["action"]);
  const name = SANDBOX_FAULTS.find((one) => isOf(KINDS[one], fields));
  return {
    fault_id: nullableWhole(fields["id"]) ?? 0,
    fault: name ?? "other",
    says:
      name === undefined
        ? `On ${String(fields["on"])}: ${action}`
        : KINDS[name].says + detailOf(fields),
    to: nullableText(match["to"]),
    account: nullableText(match["device"]),
    times: nullableWhole(fields["times"]),
    remaining: nullableWhole(fields["remaining"]),
  };
}

function isOf(kind: FaultKind, { on, action }: Fields): boolean {
  if (on !== kind.on) return false;
  const given = fieldsOf(action);
  const seconds = (nullableWhole(given["delay_ms"]) ?? 0) / 1_000;
  const code = nullableWhole(given["nack"]) ?? 0;
  return JSON.stringify(kind.action({ seconds, code })) === JSON.stringify(action);
}

function detailOf({ action }: Fields): string {
  const { nack, delay_ms: delay } = fieldsOf(action);
  if (typeof delay === "number") return `, ${delay / 1_000} s`;
  return typeof nack === "number" && nack !== 463 ? `, ${nack}` : "";
}

/** What can be switched on, for those who choose. */
export function faultKinds(): SandboxFaultsBody["kinds"] {
  return SANDBOX_FAULTS.map((fault) => {
    const { says, remedy, takes, seconds = null, code = null } = KINDS[fault];
    return { fault, says, remedy, takes: [...takes], seconds, code };
  });
}
