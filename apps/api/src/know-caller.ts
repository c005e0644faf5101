import type { IncomingMessage } from "node:http";
import type { Problem } from "@pombo/contract";
import type { CellId, Settings } from "@pombo/domain";
import type { KeyCheck as LedgerKeyCheck } from "@pombo/ledger";
import { authenticate, type Credentials, recallCaller } from "./authenticate.ts";
import { admitOwnPage } from "./console/admit-session.ts";
import type { Exchange } from "./exchange.ts";
import { limitRate, type RateUse } from "./limit-rate.ts";

export interface CallerDeps {
  readonly ledger: Parameters<typeof admitOwnPage>[2];
  readonly cell: CellId;
  readonly settings: Pick<Settings, "rate_limit_requests" | "rate_limit_window_ms">;
  readonly now: () => number;
}

/**
 * A key that was good a moment ago is looked up once more by the acceptance itself, on its one way to the store. Whatever else ends the
 * request asks here before it is answered.
 */
export interface KeyCheck extends LedgerKeyCheck {
  /** Looks the key up and counts the request, unless that was done. Why the request is refused; undefined when it is not. */
  settle(): Promise<Problem | undefined>;
  /** The key is known to have held; the request was counted. */
  passed(): void;
}

interface Asked {
  readonly req: IncomingMessage;
  readonly exchange: Exchange;
}

/** Says on the exchange who asks; the problem when the key is refused. */
export async function knowCaller(
  { req, exchange }: Asked,
  deps: CallerDeps,
): Promise<Problem | undefined> {
  const { ledger, now } = deps;
  const given = credentialsOf({ req, exchange }, deps);
  const authenticated =
    given.header === undefined
      ? await admitOwnPage(req, now(), ledger)
      : await authenticate(given, ledger);
  if (authenticated.kind === "refused") return authenticated.problem;
  exchange.caller = authenticated.caller;
  exchange.overRate = tellRate(authenticated.rate, exchange, deps);
  return undefined;
}

/** Says on the exchange who asks, as far as that is known without asking the store, which is then still to be done. False: not known. */
export function recallKey({ req, exchange }: Asked, deps: CallerDeps): boolean {
  const given = credentialsOf({ req, exchange }, deps);
  const known = recallCaller(given, deps.ledger);
  if (known === undefined) return false;
  exchange.caller = known.caller;
  exchange.keyCheck = openKeyCheck({ given, digest: known.digest }, exchange, deps);
  return true;
}

function credentialsOf({ req, exchange }: Asked, { cell, now }: CallerDeps): Credentials {
  return { header: req.headers.authorization, dialect: exchange.dialect, cell, now: now() };
}

function openKeyCheck(
  { given, digest }: { readonly given: Credentials; readonly digest: string },
  exchange: Exchange,
  deps: CallerDeps,
): KeyCheck {
  let done = false;
  return {
    digest,
    counted(use) {
      done = true;
      tellRate(use, exchange, deps);
    },
    passed() {
      done = true;
    },
    async settle() {
      if (done) return undefined;
      const looked = await authenticate({ ...given, now: deps.now() }, deps.ledger);
      if (looked.kind === "refused") return looked.problem;
      done = true;
      return tellRate(looked.rate, exchange, deps);
    },
  };
}

/** On the headers of the answer; the problem when it was one request too many. */
function tellRate(
  use: RateUse,
  { headers }: Exchange,
  { settings }: CallerDeps,
): Problem | undefined {
  const rate = limitRate(use, settings);
  Object.assign(headers, rate.headers);
  return rate.problem;
}
