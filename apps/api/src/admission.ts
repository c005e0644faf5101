import type { Problem } from "@pombo/contract";
import type { Settings } from "@pombo/domain";
import { usedPercent } from "@pombo/redis";

export interface AdmissionDeps {
  /** Redis' `INFO memory`. */
  readonly info: () => Promise<string>;
  readonly settings: Pick<
    Settings,
    "memory_intake_percent" | "memory_redrive_percent" | "memory_check_ms"
  >;
  /** Monotonic ms. */
  readonly clock: () => number;
}

/** Keeps room in Redis: what has been accepted must be sent, and that needs memory too. */
export interface Admission {
  /** Why nothing more may come in, or undefined when it may. */
  refuse(what: "intake" | "redrive"): Promise<Problem | undefined>;
}

/** Looks at Redis' memory at most once in `memory_check_ms`, and only while somebody asks. */
export function openAdmission({ info, settings, clock }: AdmissionDeps): Admission {
  let looked: { readonly at: number; readonly percent: Promise<number> } | undefined;

  function percent(): Promise<number> {
    const at = clock();
    if (looked !== undefined && at - looked.at < settings.memory_check_ms) return looked.percent;
    const looking = { at, percent: info().then(usedPercent) };
    looked = looking;
    // A look that failed is not kept.
    looking.percent.catch(() => {
      if (looked === looking) looked = undefined;
    });
    return looking.percent;
  }

  return {
    async refuse(what) {
      if ((await percent()) < settings[`memory_${what}_percent`]) return undefined;
      return {
        code: "SERVICE_UNAVAILABLE",
        detail: "The installation is full: what waits must be sent first",
        retryAfterMs: RETRY_MS,
      };
    },
  };
}

const RETRY_MS = 10_000;
