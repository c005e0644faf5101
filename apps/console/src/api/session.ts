import { useSyncExternalStore } from "react";
import { noteServerTime } from "./server-clock.ts";

/** Who is signed in: an API key, told without the key itself. */
export interface Session {
  readonly name: string;
  readonly key_id: string;
  readonly scopes: readonly string[];
  /** `*`: all devices. */
  readonly devices: "*" | readonly string[];
  readonly expires_at: string;
  /** The server's time. */
  readonly now: string;
  /** `sandbox`: the phones are a simulator's. */
  readonly mode: "sandbox" | "live";
}

/** A refused sign-in, in words for people. */
class SignInError extends Error {
  override readonly name = "SignInError";
}

/** How Pombo answers a sign-out; what stands before it may answer anything else. */
const ENDED = 204;
const ANSWER_MS = 20_000;
const HEADERS = { "x-pombo-console": "1", accept: "application/json" } as const;

let session: Session | undefined;
let left = false;
let asking: Promise<Session | undefined> | undefined;
const listeners = new Set<() => void>();

function become(next: Session | undefined): Session | undefined {
  session = next;
  asking = next === undefined ? undefined : Promise.resolve(next);
  for (const listener of listeners) listener();
  return next;
}

/** The session of this browser; asked for once. Undefined: nobody is signed in. */
export function loadSession(): Promise<Session | undefined> {
  asking ??= ask("GET").then(async (response) => become(await read(response)));
  return asking.catch((error: unknown) => {
    asking = undefined;
    throw error;
  });
}

/** @throws SignInError */
export async function signIn(key: string): Promise<Session> {
  const response = await ask("POST", { key });
  const found = await read(response);
  if (found !== undefined) {
    left = false;
    become(found);
    return found;
  }
  const body = (await response.json().catch(() => ({}))) as { error?: string };
  if (response.status === 401)
    throw new SignInError(
      "Pombo does not know this key, or it has ended. Check it, then sign in again.",
    );
  throw new SignInError(body.error ?? `Pombo answered with status ${response.status}.`);
}

/** @throws unless Pombo says that the session is over; one that was over before is so, too. */
export async function signOut(): Promise<void> {
  const status = await ask("DELETE").then(
    (response) => response.status,
    () => undefined,
  );
  // It may have come to Pombo all the same.
  if (status === undefined)
    throw new Error("Pombo has not answered: you may still be signed in. Try again.");
  if (status !== ENDED)
    throw new Error(`You are still signed in: Pombo answered with status ${status}. Try again.`);
  left = true;
  become(undefined);
}

/** Whether the user ended the session, and not the server. */
export function hasSignedOut(): boolean {
  return left;
}

/** The server no longer knows the session: its key was revoked, or its time is over. */
export function sessionEnded(): void {
  if (session !== undefined) become(undefined);
}

export function useSession(): Session | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}

/** Undefined when the session may do what the scopes stand for; else the sentence that a disabled button tells. */
export function useMissingScope(...scopes: readonly string[]): string | undefined {
  const held = useSession()?.scopes ?? [];
  const missing = scopes.find((scope) => !held.includes(scope));
  return missing === undefined ? undefined : `Your key can't do this. It needs ${missing}.`;
}

/** Whether the session may see numbers that are about all devices together. */
export function seesInstallation({ devices, scopes }: Session): boolean {
  return devices === "*" && scopes.includes("ops:read");
}

/** Whether there are phones of a sandbox that the session sees. */
export function useSandboxPhones(): boolean {
  const found = useSession();
  return found?.mode === "sandbox" && seesInstallation(found);
}

async function ask(method: string, body?: object): Promise<Response> {
  const asked = Date.now();
  const response = await fetch("/console/session", {
    method,
    credentials: "same-origin",
    signal: AbortSignal.timeout(ANSWER_MS),
    headers: { ...HEADERS, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok && response.status !== 204) {
    const { now } = (await response.clone().json()) as Session;
    noteServerTime(now, asked, Date.now());
  }
  return response;
}

async function read(response: Response): Promise<Session | undefined> {
  if (response.ok) return (await response.json()) as Session;
  if (response.status >= 500)
    throw new Error(`Pombo answered with status ${response.status}; nobody can sign in.`);
  return undefined;
}
