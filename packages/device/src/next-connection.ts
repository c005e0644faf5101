import { doubling, type DeviceState, type ErrorCode, type Settings } from "@pombo/domain";
import {
  disconnectRow,
  OWN_ENDINGS,
  type DisconnectRow,
  type OwnEnding,
} from "./disconnect-table.ts";

/** How a connection ended. */
export interface Ending {
  /** Baileys' status code, or the ending that we brought about. `cut`: on request, nothing is wrong. */
  readonly why: number | OwnEnding | "cut" | undefined;
  readonly text: string;
  /** The account's ban ends then, in ms since the epoch, where WhatsApp says so. */
  readonly until?: number;
  /** The connection had no paired credentials when it began. */
  readonly pairing: boolean;
  /** It began with none and has some now. */
  readonly paired: boolean;
  /** How long it was open, in ms; 0 when it never opened. */
  readonly openMs: number;
}

/** What earlier connections of this run leave behind. */
export interface ConnectionHistory {
  readonly failures: number;
  readonly restarts: number;
  readonly rests: number;
  readonly unlinked: number;
  readonly afterRestart: boolean;
  readonly replacedAt?: number;
}

export const NO_HISTORY: ConnectionHistory = {
  failures: 0,
  restarts: 0,
  rests: 0,
  unlinked: 0,
  afterRestart: false,
};

/**
 * What follows an ending. `reconnect` after a wait · `ask-owner`: if the device is still ours, reconnect once after the wait ·
 * `stop` until somebody connects it again · `forget`: WhatsApp has unlinked the device, its credentials are worth nothing.
 */
export type NextConnection =
  | { readonly kind: "reconnect"; readonly afterMs: number; readonly row: Consequence }
  | { readonly kind: "ask-owner"; readonly afterMs: number; readonly row: Consequence }
  | { readonly kind: "stop"; readonly row: Consequence; readonly until?: number }
  | { readonly kind: "forget"; readonly row: Consequence };

export interface Consequence {
  readonly cause: string;
  readonly state: DeviceState;
  readonly code?: ErrorCode;
}

export interface Moment {
  readonly now: number;
  /** 0 ≤ jitter < 1 */
  readonly jitter: number;
}

interface Decision {
  readonly next: NextConnection;
  readonly history: ConnectionHistory;
}

const RESTARTS_AT_ONCE = 3;
/** WhatsApp answers 401 to a login that comes too soon after a restart: one more try before it counts. */
const UNLINKED_TRIES_AFTER_RESTART = 2;

/** Decides from the table alone; time and chance come in as arguments. */
export function nextConnection(
  ending: Ending,
  earlier: ConnectionHistory,
  at: { readonly settings: Settings; readonly moment: Moment },
): Decision {
  const row = rowOf(ending);
  const history = settled(ending, earlier, at.settings);
  if (row === "cut")
    return { history, next: { kind: "reconnect", afterMs: 0, row: connecting("requested") } };
  switch (row.follows) {
    case "restart":
      return restart(row, history, { ...at, wasOpen: ending.openMs > 0 });
    case "backoff":
      return backoff(row, history, at);
    case "rest":
      return rest(row, history, at);
    case "replaced":
      return replaced(row, history, at);
    case "unlinked":
      return unlinked(row, history, at);
    case "stop":
      return {
        history,
        next: {
          kind: "stop",
          row,
          ...(ending.until === undefined ? {} : { until: ending.until }),
        },
      };
  }
}

function rowOf(ending: Ending): DisconnectRow | "cut" {
  if (ending.why === "cut") return "cut";
  if (typeof ending.why === "string") return OWN_ENDINGS[ending.why];
  const row = disconnectRow(ending.why, ending.text);
  // There is nothing yet that could have been unlinked.
  return row.follows === "unlinked" && ending.pairing && !ending.paired
    ? OWN_ENDINGS.pairing_refused
    : row;
}

/** A connection that held for a while ends the series of failures. */
function settled(
  ending: Ending,
  earlier: ConnectionHistory,
  settings: Settings,
): ConnectionHistory {
  if (ending.openMs === 0) return earlier;
  const held = ending.openMs >= settings.reconnect_cap_ms;
  return {
    ...earlier,
    unlinked: 0,
    afterRestart: false,
    ...(held ? { failures: 0, restarts: 0, rests: 0 } : {}),
  };
}

type At = Parameters<typeof nextConnection>[2];

function restart(
  row: DisconnectRow,
  history: ConnectionHistory,
  at: At & { readonly wasOpen: boolean },
): Decision {
  const next = { ...history, restarts: history.restarts + 1, afterRestart: true };
  if (history.restarts >= RESTARTS_AT_ONCE) return backoff(row, next, at);
  // A pairing waits for it; a server that sends everybody away must not have everybody back at once.
  const afterMs = at.wasOpen ? Math.round(at.settings.reconnect_base_ms * at.moment.jitter) : 0;
  return { history: next, next: { kind: "reconnect", afterMs, row } };
}

function backoff(
  row: DisconnectRow,
  history: ConnectionHistory,
  { settings, moment }: At,
): Decision {
  const ceiling = doubling(settings.reconnect_base_ms, settings.reconnect_cap_ms, history.failures);
  // Half fixed, half chance: never at once, and devices of one worker don't come back together.
  const afterMs = Math.round(ceiling * (0.5 + moment.jitter / 2));
  return {
    history: { ...history, failures: history.failures + 1 },
    next: { kind: "reconnect", afterMs, row: { ...row, state: "connecting" } },
  };
}

function rest(row: DisconnectRow, history: ConnectionHistory, { settings, moment }: At): Decision {
  const { login_rest_ms, login_rest_cap_ms } = settings;
  const afterMs = spread(doubling(login_rest_ms, login_rest_cap_ms, history.rests), moment);
  return {
    history: { ...history, rests: history.rests + 1 },
    next: { kind: "reconnect", afterMs, row },
  };
}

function replaced(
  row: DisconnectRow,
  history: ConnectionHistory,
  { settings, moment }: At,
): Decision {
  const last = history.replacedAt;
  const again = last !== undefined && moment.now - last < settings.replaced_window_ms;
  const next = { ...history, replacedAt: moment.now };
  if (again) return { history: next, next: { kind: "stop", row } };
  return {
    history: next,
    next: {
      kind: "ask-owner",
      afterMs: spread(settings.replaced_wait_ms, moment),
      row: { ...row, state: "connecting" },
    },
  };
}

function unlinked(row: DisconnectRow, history: ConnectionHistory, at: At): Decision {
  const times = history.unlinked + 1;
  const next = { ...history, unlinked: times };
  if (history.afterRestart && times < UNLINKED_TRIES_AFTER_RESTART) {
    const unconfirmed = { ...row, cause: "login_refused", state: "connecting" } as const;
    return backoff(unconfirmed, next, at);
  }
  return { history: next, next: { kind: "forget", row } };
}

/** At least so long, and up to half as much again by chance. */
function spread(leastMs: number, { jitter }: Moment): number {
  return Math.round(leastMs * (1 + jitter / 2));
}

function connecting(cause: string): Consequence {
  return { cause, state: "connecting" };
}
