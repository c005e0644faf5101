import type { Failure, Settings } from "@pombo/domain";
import type { WASocket } from "@whiskeysockets/baileys";
import type { Entering } from "./device-deps.ts";

/**
 * WhatsApp keeps an account from starting new chats for a while (nack 463 or 475): the device is `restricted`, its warm chats flow.
 * It is asked for the end once per minute at most, however many messages it refuses meanwhile.
 */
export interface Restriction {
  /** Adds the end, where WhatsApp names one, to a failure that is about a restriction; all others pass unchanged. */
  readonly explain: (failure: Failure) => Promise<Failure>;
  /** WhatsApp told us by itself. */
  readonly told: (restriction: { active: boolean; until?: number }) => void;
  readonly close: () => void;
}

export interface RestrictionDeps {
  readonly settings: Settings;
  readonly wa: () => WASocket | undefined;
  readonly enter: (change: Entering) => void;
}

const ASK_AGAIN_MS = 60_000;
const ANSWER_MS = 3_000;
const LONGEST_TIMER_MS = 2_147_483_647;

export function openRestriction(deps: RestrictionDeps): Restriction {
  let asked: { readonly at: number; readonly end: Promise<number | undefined> } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let active = false;
  let closed = false;

  const lift = (): void => {
    clearTimeout(timer);
    if (active && !closed) deps.enter({ state: "connected", cause: "restriction_ended" });
    active = false;
  };

  const impose = (until: number | undefined): void => {
    if (closed) return;
    const end = until ?? Date.now() + deps.settings.hold_ms;
    active = true;
    clearTimeout(timer);
    timer = setTimeout(lift, Math.min(Math.max(end - Date.now(), 0), LONGEST_TIMER_MS));
    deps.enter({
      state: "restricted",
      cause: "new_chats_restricted",
      code: "ACCOUNT_RESTRICTED",
      until: end,
    });
  };

  return {
    explain: async (failure) => {
      if (failure.code !== "ACCOUNT_RESTRICTED") return failure;
      if (asked === undefined || Date.now() - asked.at > ASK_AGAIN_MS)
        asked = { at: Date.now(), end: endOfRestriction(deps.wa()) };
      const until = await asked.end;
      impose(until);
      return until === undefined ? failure : { ...failure, notBefore: until };
    },
    told: ({ active: isActive, until }) => {
      if (isActive) impose(until);
      else lift();
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** Asks WhatsApp; undefined when it names no end, or doesn't answer soon. */
async function endOfRestriction(wa: WASocket | undefined): Promise<number | undefined> {
  if (wa === undefined) return undefined;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
  const lock = wa.fetchAccountReachoutTimelock().catch(() => undefined);
  const answer = await Promise.race([lock, late]);
  clearTimeout(timer);
  const end = answer?.timeEnforcementEnds?.getTime();
  return end !== undefined && end > Date.now() ? end : undefined;
}
