import {
  type BatchId,
  type Blocker,
  BLOCKERS,
  type DeviceId,
  type ErrorCode,
  isErrorCode,
  type MessageContent,
  type MessageId,
  type MessageStatus,
  type PoolId,
  type Priority,
  type QuietHours,
  readContent,
} from "@pombo/domain";

export interface TimelineEntry {
  readonly status: MessageStatus;
  /** ms since the epoch */
  readonly at: number;
  readonly attempt?: number;
  readonly code?: ErrorCode;
  /** Evidence that came after the status had moved on. */
  readonly late?: true;
  /** What the message waited for until then; absent of an attempt: its turn. */
  readonly waitedFor?: Blocker;
}

/**
 * Where an unsettled message rests. `batch`: it has no record of its own yet, it was not drawn from its batch. Empty: nowhere, it is
 * settled.
 */
export type Place = "backlog" | "window" | "waiting" | "held" | "due" | "parked" | "batch" | "";

/**
 * One message as the ledger keeps it: a hash with the fields
 * status device gen recipient body class seq key at place log, and where they are needed version (absent: 1) feed attempts rounds left left_at
 * next_at why waited send_at expires_at quiet batch sync_until code detail failed_at request ref metadata pool taken try tried_at deaths heir deleted_by deleted_at got seen.
 */
export interface MessageRecord {
  readonly id: MessageId;
  readonly status: MessageStatus;
  readonly version: number;
  /** The device that it stands with. */
  readonly deviceId: DeviceId;
  /** It is sent from a pool: until it has left it may go to another of its devices. */
  readonly poolId?: PoolId;
  readonly generation: number;
  /** digits, or a group JID */
  readonly recipient: string;
  readonly content: MessageContent;
  readonly priority: Priority;
  readonly sequence: number;
  readonly keyId: string;
  readonly createdAt: number;
  readonly place: Place;
  readonly timeline: readonly TimelineEntry[];
  readonly attempts: number;
  readonly rounds: number;
  readonly mayHaveLeft: boolean;
  readonly nextAt?: number;
  /** What it waits for until then. */
  readonly why?: string;
  /** Not before. */
  readonly sendAt?: number;
  readonly expiresAt?: number;
  readonly quietHours?: QuietHours;
  /** The batch that it belongs to. */
  readonly batchId?: BatchId;
  /** Somebody waits for its answer until then. */
  readonly syncUntil?: number;
  readonly lastError?: { readonly code: ErrorCode; readonly detail: string; readonly at: number };
  readonly clientRef?: string;
  readonly metadata?: unknown;
  /** The message that deletes it for everyone: it may be on its way, arrived, or have failed. */
  readonly deletedBy?: MessageId;
  /** Of a group: how many members got it, and how many read it. */
  readonly receipts?: { readonly delivered: number; readonly read: number };
}

export type MessageHash = Readonly<Record<string, string>>;

export function readMessage(id: MessageId, hash: MessageHash): MessageRecord | undefined {
  if (hash["status"] === undefined) return undefined;
  const code = hash["code"];
  return {
    id,
    status: hash["status"] as MessageStatus,
    version: Number(hash["version"] ?? 1),
    deviceId: hash["device"] as DeviceId,
    ...(hash["pool"] === undefined ? {} : { poolId: hash["pool"] as PoolId }),
    generation: Number(hash["gen"]),
    recipient: hash["recipient"] ?? "",
    content: readContent(hash["body"] ?? "{}"),
    priority: hash["class"] as Priority,
    sequence: Number(hash["seq"]),
    keyId: hash["key"] ?? "",
    createdAt: Number(hash["at"]),
    place: (hash["place"] ?? "") as Place,
    timeline: readTimeline(hash["log"] ?? ""),
    attempts: Number(hash["attempts"] ?? 0),
    rounds: Number(hash["rounds"] ?? 0),
    mayHaveLeft: hash["left"] === "1",
    ...(hash["next_at"] === undefined ? {} : { nextAt: Number(hash["next_at"]) }),
    ...(hash["why"] === undefined ? {} : { why: hash["why"] }),
    ...(hash["send_at"] === undefined ? {} : { sendAt: Number(hash["send_at"]) }),
    ...(hash["expires_at"] === undefined ? {} : { expiresAt: Number(hash["expires_at"]) }),
    ...(hash["quiet"] === undefined ? {} : { quietHours: JSON.parse(hash["quiet"]) as QuietHours }),
    ...(hash["batch"] === undefined ? {} : { batchId: hash["batch"] as BatchId }),
    ...(hash["sync_until"] === undefined ? {} : { syncUntil: Number(hash["sync_until"]) }),
    ...(code !== undefined && isErrorCode(code)
      ? { lastError: { code, detail: hash["detail"] ?? "", at: Number(hash["failed_at"]) } }
      : {}),
    ...(hash["ref"] === undefined ? {} : { clientRef: hash["ref"] }),
    ...(hash["metadata"] === undefined
      ? {}
      : { metadata: JSON.parse(hash["metadata"]) as unknown }),
    ...(hash["got"] === undefined
      ? {}
      : { receipts: { delivered: Number(hash["got"]), read: Number(hash["seen"] ?? 0) } }),
    ...(hash["deleted_by"] === undefined ? {} : { deletedBy: hash["deleted_by"] as MessageId }),
  };
}

/** The timeline is kept as JSON arrays joined by commas: `["sending",1763778000123,1],["sent",1763778000150,1]`. */
export function readTimeline(log: string): readonly TimelineEntry[] {
  const entries = JSON.parse(`[${log}]`) as [
    MessageStatus,
    number,
    (number | null)?,
    string?,
    string?,
  ][];
  return entries.map(([status, at, attempt, code, waited]) => ({
    status,
    at,
    ...(typeof attempt === "number" ? { attempt } : {}),
    ...(code === "late" ? { late: true as const } : {}),
    ...(code !== undefined && isErrorCode(code) ? { code } : {}),
    ...(isBlocker(waited) ? { waitedFor: waited } : {}),
  }));
}

function isBlocker(text: string | undefined): text is Blocker {
  return BLOCKERS.some((blocker) => blocker === text);
}
