import type { Problem, Scope } from "@pombo/contract";
import type { CellId, DeviceId, Dialect } from "@pombo/domain";
import { type AdmittedCall, type ApiKeyRecord, digestApiKey } from "@pombo/ledger";

export interface ApiKeys {
  admitCall(digest: string): Promise<AdmittedCall>;
}

/** Who asks, and what the key may do and see. */
export interface Caller {
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  readonly devices: "*" | readonly string[];
  /** The device that the key is bound to: what the wuts and session dialects mean without naming one. */
  readonly deviceId?: DeviceId;
  /** When the key ends, ms since the epoch. */
  readonly expiresAt?: number;
  /** Asks from the console, under a session of the key. */
  readonly session?: { readonly digest: string; readonly expiresAt: number };
}

export type Authenticated =
  | {
      readonly kind: "caller";
      readonly caller: Caller;
      readonly record: ApiKeyRecord;
      readonly rate: Pick<AdmittedCall, "used" | "resetMs">;
    }
  | { readonly kind: "refused"; readonly problem: Problem };

export interface Credentials {
  /** The `Authorization` header. */
  readonly header: string | undefined;
  readonly dialect: Dialect;
  readonly cell: CellId;
  readonly now: number;
}

const KEY = /^pombo_(c[0-9]{1,4})_[A-Za-z0-9_-]{16,200}$/;

/** Looks the key up with every request, so that a revocation holds at once, and counts the request. */
export async function authenticate(given: Credentials, keys: ApiKeys): Promise<Authenticated> {
  const token = readToken(given.header, given.dialect);
  if (token === undefined) return { kind: "refused", problem: { code: "UNAUTHORIZED" } };
  if (KEY.exec(token)?.[1] !== given.cell) return INVALID;
  const known = knownKeys(keys);
  const digest = known.get(token)?.digest ?? digestApiKey(token);
  const admitted = await admitKey(digest, given.now, keys);
  if (admitted.kind === "refused") known.delete(token);
  else {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(token, { digest, caller: admitted.caller });
  }
  return admitted;
}

const INVALID: Authenticated = { kind: "refused", problem: { code: "INVALID_API_KEY" } };

/** Refused when the key is not, or no longer, one. */
export async function admitKey(digest: string, now: number, keys: ApiKeys): Promise<Authenticated> {
  const { record, ...rate } = await keys.admitCall(digest);
  if (record === undefined || record.revokedAt !== undefined) return INVALID;
  if (record.expiresAt !== undefined && record.expiresAt <= now) return INVALID;
  return { kind: "caller", caller: callerOf(record), record, rate };
}

interface KnownKey {
  readonly digest: string;
  /** What the key could do when it was looked up the last time. */
  readonly caller: Caller;
}

/** Keys that held lately, as they were sent: hashing one again with every request costs more than its look-up. */
const KNOWN = new WeakMap<ApiKeys, Map<string, KnownKey>>();
const MOST_KNOWN = 1_000;

function knownKeys(keys: ApiKeys): Map<string, KnownKey> {
  const known = KNOWN.get(keys) ?? new Map<string, KnownKey>();
  KNOWN.set(keys, known);
  return known;
}

/** The caller as it was when its key was looked up the last time. A key changes by its end alone, which is still to be asked for. */
export function recallCaller(given: Credentials, keys: ApiKeys): KnownKey | undefined {
  const token = readToken(given.header, given.dialect);
  const known = token === undefined ? undefined : knownKeys(keys).get(token);
  return (known?.caller.expiresAt ?? Infinity) <= given.now ? undefined : known;
}

function callerOf({ id: keyId, scopes, devices, deviceId, expiresAt }: ApiKeyRecord): Caller {
  return {
    keyId,
    scopes,
    devices,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** `Bearer <token>`, the scheme in any case; the wuts dialect also takes the bare token. */
function readToken(header: string | undefined, dialect: Dialect): string | undefined {
  const [first = "", second, ...rest] = (header ?? "").trim().split(/\s+/);
  if (first.toLowerCase() === "bearer") return rest.length === 0 ? second : "malformed";
  return dialect === "wuts" && second === undefined && first !== "" ? first : undefined;
}

/** What a key may not see is as if absent. */
export function maySee(caller: Caller, deviceId: string): boolean {
  return caller.devices === "*" || caller.devices.includes(deviceId);
}
