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
  return admitKey(digestOf(token), given.now, keys);
}

const INVALID: Authenticated = { kind: "refused", problem: { code: "INVALID_API_KEY" } };

/** Refused when the key is not, or no longer, one. */
export async function admitKey(digest: string, now: number, keys: ApiKeys): Promise<Authenticated> {
  const { record, ...rate } = await keys.admitCall(digest);
  const callers = callersOf(keys);
  callers.delete(digest);
  if (record === undefined || record.revokedAt !== undefined) return INVALID;
  if (record.expiresAt !== undefined && record.expiresAt <= now) return INVALID;
  const caller = callerOf(record);
  if (callers.size >= MOST_DIGESTS) callers.clear();
  callers.set(digest, caller);
  return { kind: "caller", caller, record, rate };
}

/** What keys could do that were used lately, by the digests of the keys. */
const CALLERS = new WeakMap<ApiKeys, Map<string, Caller>>();

function callersOf(keys: ApiKeys): Map<string, Caller> {
  const known = CALLERS.get(keys) ?? new Map<string, Caller>();
  CALLERS.set(keys, known);
  return known;
}

/** The caller as it was when its key was looked up the last time. A key changes by its end alone, which is still to be asked for. */
export function recallCaller(
  given: Credentials,
  keys: ApiKeys,
): { readonly digest: string; readonly caller: Caller } | undefined {
  const token = readToken(given.header, given.dialect);
  const digest = token === undefined ? undefined : DIGESTS.get(token);
  const caller = digest === undefined ? undefined : callersOf(keys).get(digest);
  if (digest === undefined || caller === undefined) return undefined;
  return (caller.expiresAt ?? Infinity) <= given.now ? undefined : { digest, caller };
}

/** Of the keys that were used lately: hashing one again with every request costs more than its look-up. */
const DIGESTS = new Map<string, string>();
const MOST_DIGESTS = 1_000;

function digestOf(token: string): string {
  const known = DIGESTS.get(token);
  if (known !== undefined) return known;
  if (DIGESTS.size >= MOST_DIGESTS) DIGESTS.clear();
  const digest = digestApiKey(token);
  DIGESTS.set(token, digest);
  return digest;
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
