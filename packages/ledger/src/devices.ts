import {
  type DeviceId,
  type DeviceState,
  type ErrorCode,
  GIVING_BACK,
  isOnline,
  type Pace,
} from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { originList } from "./attempts.ts";
import type { Ownership } from "./lane.ts";
import type { Run } from "./scripts.ts";

export interface DeviceRecord {
  readonly id: DeviceId;
  readonly name: string;
  readonly state: DeviceState;
  /** Why it is in that state, a stable word. */
  readonly cause?: string;
  readonly code?: ErrorCode;
  readonly stateAt: number;
  /** When a block of the account ends. */
  readonly until?: number;
  readonly wanted: "connected" | "disconnected";
  readonly phone?: string;
  readonly lid?: string;
  /** Counts the phone numbers that it was paired with. */
  readonly generation: number;
  readonly createdAt: number;
  readonly seenAt?: number;
  readonly keyId: string;
  readonly pace: Pace;
  readonly qr?: { readonly text: string; readonly expiresAt: number };
  /** A worker holds its lease. */
  readonly owned: boolean;
}

export interface NewDevice {
  readonly id: DeviceId;
  readonly name: string;
  readonly keyId: string;
  readonly at: number;
}

export interface DeviceChange {
  readonly state: DeviceState;
  readonly now: number;
  readonly cause?: string;
  readonly code?: ErrorCode;
  readonly phone?: string;
  readonly lid?: string;
  readonly until?: number;
}

/** Where a page of devices goes on. */
export type DevicePlace = Pick<DeviceRecord, "createdAt" | "id">;

export interface Devices {
  createDevice(device: NewDevice): Promise<void>;
  findDevice(id: DeviceId): Promise<DeviceRecord | undefined>;
  /** In the order in which they were created; `after` goes on behind an earlier page, whether its last device still exists or not. */
  listDevices(page: {
    readonly after?: DevicePlace;
    readonly limit: number;
  }): Promise<readonly DeviceRecord[]>;
  deviceIds(): Promise<readonly DeviceId[]>;
  /** What the user wants, and how often the user said so: saying it again counts. */
  wishOf(
    id: DeviceId,
  ): Promise<{ readonly wanted: DeviceRecord["wanted"]; readonly count: number }>;
  /** What the user wants of it; its owner follows. */
  setWanted(id: DeviceId, wanted: DeviceRecord["wanted"]): Promise<void>;
  /** Puts an event of the device into the log that changes no state, for example `lane.blocked`. */
  announce(id: DeviceId, type: string, now: number): Promise<void>;
  /** As the owner; undefined when fenced, else the generation. */
  changeDevice(own: Ownership, change: DeviceChange): Promise<number | undefined>;
  showQr(
    id: DeviceId,
    qr: { readonly text: string; readonly expiresAt: number } | undefined,
  ): Promise<void>;
}

export function devices({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: Run;
}): Devices {
  async function findDevice(id: DeviceId): Promise<DeviceRecord | undefined> {
    const [hash, lease] = await Promise.all([
      redis.hgetall(keys.device(id)),
      redis.exists(keys.lease(id)),
    ]);
    return readDevice(id, hash, lease === 1);
  }
  return {
    async createDevice({ id, name, keyId, at }) {
      await redis
        .multi()
        .hset(keys.device(id), {
          name,
          key: keyId,
          at,
          gen: 1,
          state: "created",
          state_at: at,
          wanted: "disconnected",
          version: 1,
        })
        .zadd(keys.devices(), at, id)
        .zadd(keys.leases(), 0, id)
        .publish(keys.freed(), id)
        .exec();
    },
    findDevice,
    async listDevices({ after, limit }) {
      const min = after === undefined ? "-inf" : String(after.createdAt);
      // Devices of one instant are sorted by id; those that the page before has shown are skipped.
      const same = after === undefined ? [] : await redis.zrangebyscore(keys.devices(), min, min);
      const shown = same.filter((id) => after !== undefined && id <= after.id).length;
      const ids = await redis.zrangebyscore(keys.devices(), min, "+inf", "LIMIT", shown, limit);
      const found = await Promise.all((ids as DeviceId[]).map(findDevice));
      return found.filter((device) => device !== undefined);
    },
    async deviceIds() {
      return (await redis.zrange(keys.devices(), "0", "-1")) as DeviceId[];
    },
    async wishOf(id) {
      const [wanted, count] = await redis.hmget(keys.device(id), "wanted", "wishes");
      return {
        wanted: wanted === "connected" ? "connected" : "disconnected",
        count: Number(count ?? 0),
      };
    },
    async setWanted(id, wanted) {
      await redis
        .multi()
        .hset(keys.device(id), "wanted", wanted)
        .hincrby(keys.device(id), "wishes", 1)
        .publish(keys.wake(), id)
        .exec();
    },
    async announce(id, type, now) {
      await run("announce", id, type, now);
    },
    async changeDevice({ deviceId, epoch }, change) {
      const generation = await run(
        "change-device",
        deviceId,
        epoch,
        change.now,
        change.state,
        change.cause ?? "",
        change.code ?? "",
        change.phone ?? "",
        change.lid ?? "",
        change.until ?? 0,
        "credentials_missing",
        originList(GIVING_BACK),
      );
      return generation === 0 ? undefined : Number(generation);
    },
    async showQr(id, qr) {
      if (qr === undefined) await redis.hdel(keys.device(id), "qr", "qr_until");
      else await redis.hset(keys.device(id), { qr: qr.text, qr_until: qr.expiresAt });
      await redis.publish(
        keys.status(),
        JSON.stringify({
          cursor: "",
          type: "device.qr",
          message: "",
          device: id,
          version: 0,
          at: 0,
          attempt: "",
          code: "",
        }),
      );
    },
  };
}

function readDevice(
  id: DeviceId,
  hash: Readonly<Record<string, string>>,
  owned: boolean,
): DeviceRecord | undefined {
  if (hash["state"] === undefined) return undefined;
  const text = (name: string): string | undefined => (hash[name] === "" ? undefined : hash[name]);
  const qr = text("qr");
  const until = Number(hash["until"] ?? 0);
  return {
    id,
    name: hash["name"] ?? "",
    state: shownState(hash["state"] as DeviceState, owned),
    stateAt: Number(hash["state_at"] ?? 0),
    wanted: hash["wanted"] === "connected" ? "connected" : "disconnected",
    generation: Number(hash["gen"]),
    createdAt: Number(hash["at"]),
    keyId: hash["key"] ?? "",
    pace: JSON.parse(hash["pace"] ?? "{}") as Pace,
    owned,
    ...optional("cause", text("cause")),
    ...optional("code", text("code") as ErrorCode | undefined),
    ...optional("phone", text("phone")),
    ...optional("lid", text("lid")),
    ...optional("until", until > 0 ? until : undefined),
    ...optional("seenAt", hash["seen_at"] === undefined ? undefined : Number(hash["seen_at"])),
    ...optional(
      "qr",
      qr === undefined ? undefined : { text: qr, expiresAt: Number(hash["qr_until"]) },
    ),
  };
}

/** Without an owner there is no socket, whatever the record says: its worker died. */
export function shownState(state: DeviceState, owned: boolean): DeviceState {
  return isOnline(state) && !owned ? "disconnected" : state;
}

/** The property when there is a value: optional means absent. */
function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [N in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]?: Value });
}
