import type { EndpointId, Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import type { Run } from "./scripts.ts";

/** `enabled` gets events; what is open for one that is not waits. `parked`: by the system, because it held the event log. */
export type EndpointState = "enabled" | "disabled" | "parked";

/** Where webhooks go. */
export interface EndpointRecord {
  readonly id: EndpointId;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly devices: "*" | readonly string[];
  readonly keyId: string;
  readonly createdAt: number;
  readonly state: EndpointState;
  /** Why it is not enabled, a stable word: `requested`, `gone`, `behind`. */
  readonly reason?: string;
  readonly stateAt: number;
  /** The last place of the event log that was looked at for it. */
  readonly cursor: string;
  /** Failures in a row. */
  readonly failures: number;
  /** Until when it is left alone after too many of them; absent: its circuit is closed. */
  readonly openUntil?: number;
  /** What the event log had lost, or was skipped, when it was resumed. */
  readonly gap?: { readonly from: string; readonly to: string };
  /** A stretch of the event log that it gets once more, from behind here. */
  readonly replay?: { readonly after: string; readonly to: string };
  /** Until when the secret before the present one signs too. */
  readonly oldSecretUntil?: number;
  readonly open: number;
  readonly retrying: number;
  readonly parked: number;
}

export interface NewEndpoint {
  readonly id: EndpointId;
  readonly url: string;
  readonly secret: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly devices: "*" | readonly string[];
  readonly keyId: string;
  readonly now: number;
}

export type EndpointEdit = Partial<Pick<NewEndpoint, "url" | "description" | "events" | "devices">>;

/** Endpoints for webhooks. */
export interface Endpoints {
  /** `exists`: it is there already, and stays as it is. `full`: there are too many. */
  createEndpoint(endpoint: NewEndpoint): Promise<"created" | "exists" | "full">;
  findEndpoint(id: EndpointId): Promise<EndpointRecord | undefined>;
  /** By creation. */
  listEndpoints(): Promise<readonly EndpointRecord[]>;
  /** False when there is none; so of the others. */
  editEndpoint(id: EndpointId, edit: EndpointEdit): Promise<boolean>;
  rotateSecret(id: EndpointId, secret: string, oldUntil: number): Promise<boolean>;
  stopEndpoint(
    id: EndpointId,
    state: Exclude<EndpointState, "enabled">,
    { reason, now }: { readonly reason: string; readonly now: number },
  ): Promise<boolean>;
  /** Goes on at its cursor, or at the end of the event log; what failed is tried at once. */
  resumeEndpoint(id: EndpointId, from: "cursor" | "latest", now: number): Promise<boolean>;
  deleteEndpoint(id: EndpointId): Promise<boolean>;
}

export interface EndpointsDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
  readonly settings: Settings;
}

export function endpoints({ redis, keys, run, settings }: EndpointsDeps): Endpoints {
  async function read(ids: readonly EndpointId[]): Promise<readonly EndpointRecord[]> {
    const pipeline = redis.pipeline();
    for (const id of ids)
      pipeline
        .hgetall(keys.endpoint(id))
        .zcard(keys.undelivered(id))
        .zcard(keys.retrying(id))
        .zcard(keys.parked(id));
    const replies = (await pipeline.exec()) ?? [];
    const values = replies.map(([error, value]) => {
      if (error) throw error;
      return value;
    });
    return ids.flatMap((id, index) => {
      const [hash, ...counts] = values.slice(index * 4, index * 4 + 4);
      return readEndpoint(id, hash as Readonly<Record<string, string>>, counts as number[]) ?? [];
    });
  }
  return {
    async createEndpoint({ id, now, url, secret, description, events, devices, keyId }) {
      const fields = { url, secret, description, key: keyId, ...listsOf({ events, devices }) };
      const limit = settings.webhook_endpoints_limit;
      const flat = Object.entries(fields).flat();
      const reply = await run("create-endpoint", id, now, limit, ...flat);
      return reply === 1 ? "created" : reply === 2 ? "exists" : "full";
    },
    async findEndpoint(id) {
      return (await read([id]))[0];
    },
    async listEndpoints() {
      return read((await redis.zrange(keys.endpoints(), "0", "-1")) as EndpointId[]);
    },
    async editEndpoint(id, { url, description, events, devices }) {
      const fields = {
        ...(url === undefined ? {} : { url }),
        ...(description === undefined ? {} : { description }),
        ...listsOf({ events, devices }),
      };
      const flat = Object.entries(fields).flat();
      if (flat.length === 0) return (await redis.exists(keys.endpoint(id))) === 1;
      return (await run("edit-endpoint", id, ...flat)) === 1;
    },
    async rotateSecret(id, secret, oldUntil) {
      return (await run("rotate-secret", id, secret, oldUntil)) === 1;
    },
    async stopEndpoint(id, state, { reason, now }) {
      return (await run("stop-endpoint", id, state, reason, now)) === 1;
    },
    async resumeEndpoint(id, from, now) {
      return (await run("resume-endpoint", id, now, from)) === 1;
    },
    async deleteEndpoint(id) {
      return (await run("delete-endpoint", id)) === 1;
    },
  };
}

function listsOf(lists: {
  readonly events?: readonly string[] | undefined;
  readonly devices?: "*" | readonly string[] | undefined;
}): Record<string, string> {
  const given = Object.entries(lists).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, JSON.stringify(value)]));
}

function readEndpoint(
  id: EndpointId,
  hash: Readonly<Record<string, string>>,
  [open = 0, retrying = 0, parked = 0]: readonly number[],
): EndpointRecord | undefined {
  const { url, state, gap_from, gap_to, replay, replay_to, open_until, old_until, reason } = hash;
  if (url === undefined || state === undefined) return undefined;
  return {
    id,
    url,
    description: hash["description"] ?? "",
    events: JSON.parse(hash["events"] ?? "[]") as readonly string[],
    devices: JSON.parse(hash["devices"] ?? "[]") as EndpointRecord["devices"],
    keyId: hash["key"] ?? "",
    createdAt: Number(hash["at"]),
    state: state as EndpointState,
    stateAt: Number(hash["state_at"]),
    cursor: hash["cursor"] ?? "0-0",
    failures: Number(hash["failures"] ?? 0),
    open,
    retrying,
    parked,
    ...(reason === undefined || reason === "" ? {} : { reason }),
    ...(open_until === undefined ? {} : { openUntil: Number(open_until) }),
    ...(old_until === undefined ? {} : { oldSecretUntil: Number(old_until) }),
    ...(gap_from === undefined || gap_to === undefined
      ? {}
      : { gap: { from: gap_from, to: gap_to } }),
    ...(replay === undefined || replay_to === undefined
      ? {}
      : { replay: { after: replay, to: replay_to } }),
  };
}
