import type { Settings } from "@pombo/domain";
import type { Keys, Redis } from "@pombo/redis";
import { type Acceptance, acceptance } from "./accept.ts";
import { type Admissions, admissions } from "./admissions.ts";
import { type ApiKeys, apiKeys } from "./api-keys.ts";
import { type Attempts, attempts } from "./attempts.ts";
import type { BatchChores } from "./batch-chores.ts";
import { type Batches, batches } from "./batches.ts";
import { type BatchRows, batchRows } from "./batch-rows.ts";
import { type Changes, changes } from "./changes.ts";
import { type Closing, closing } from "./closing.ts";
import { type ConsoleSessions, consoleSessions } from "./console-sessions.ts";
import { type CredentialStore, credentialStore } from "./credentials.ts";
import { type Devices, devices } from "./devices.ts";
import { type Draws, draws } from "./draws.ts";
import { type Deliveries, deliveries } from "./deliveries.ts";
import { type Endpoints, endpoints } from "./endpoints.ts";
import { type Erasures, erasures } from "./erasures.ts";
import { type DeviceEdits, deviceEdits } from "./devices-removal.ts";
import { type EventLog, eventLog } from "./event-log.ts";
import { type Directory, directory } from "./directory.ts";
import { type Inbound, inbound } from "./inbound.ts";
import { type Lanes, lanes, type Ownership } from "./lane.ts";
import { type LaneReports, laneReports } from "./lane-report.ts";
import { type LaneWaits, laneWaits } from "./lane-waits.ts";
import { type Leases, leases } from "./leases.ts";
import { type Letters, letters } from "./letters.ts";
import { media, type Media } from "./media.ts";
import { type Operations, operations } from "./operations.ts";
import { type Outbox, outbox } from "./outbox.ts";
import { type Overviews, overviews } from "./overview.ts";
import { type Polls, polls } from "./polls.ts";
import { type PoolChoices, poolChoices } from "./pool-choice.ts";
import { type PoolReturns, poolReturns } from "./pool-returns.ts";
import { type Pools, pools } from "./pools.ts";
import { sendAside } from "./send-anew.ts";
import { type Ranks, ranks } from "./ranks.ts";
import { type Recipients, recipients } from "./recipients.ts";
import { type Requests, requests } from "./requests.ts";
import { openScripts, type Scripts } from "./scripts.ts";
import { type Traces, traces } from "./traces.ts";
import { type Schemas, schemas } from "./schema.ts";
import { type EventRetention, eventRetention } from "./trim-events.ts";
import { type Standstills, standstills } from "./standstills.ts";
import { type Suppressions, suppressions } from "./suppressions.ts";
import { type Withdrawals, withdrawals } from "./withdrawals.ts";
import { type Workers, workers } from "./workers.ts";
import { type Views, views } from "./views.ts";

/** The durable record of one cell. A user takes from it the parts that it calls. */
export type Ledger = Acceptance &
  Lanes &
  Attempts &
  Leases &
  Devices &
  DeviceEdits &
  Pools &
  PoolChoices &
  PoolReturns &
  LaneReports &
  LaneWaits &
  Requests &
  Recipients &
  Views &
  Standstills &
  Letters &
  Operations &
  Erasures &
  Polls &
  Ranks &
  Closing &
  Changes &
  Inbound &
  Directory &
  Outbox &
  Withdrawals &
  Suppressions &
  Media &
  Admissions &
  EventLog &
  Workers &
  Overviews &
  EventRetention &
  Batches &
  BatchChores &
  Draws &
  BatchRows &
  Endpoints &
  Deliveries &
  ConsoleSessions &
  Schemas &
  Traces &
  ApiKeys & {
    credentials(own: Ownership): CredentialStore;
    loadScripts: Scripts["loadMissing"];
  };

export interface LedgerDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly settings: Settings;
}

export function openLedger({ redis, keys, settings }: LedgerDeps): Ledger {
  const { run, loadMissing } = openScripts(redis, keys, settings);
  const erasing = erasures({ redis, keys, run });
  const dead = letters({ redis, keys, run, settings });
  const drawing = draws(run, settings);
  const uploaded = batches({ redis, keys, run, settings, ...drawing });
  const rows = batchRows({ redis, keys, ...uploaded });
  const accepting = acceptance(run, settings);
  const viewing = views({ redis, keys, settings, ...rows });
  return {
    ...accepting,
    ...lanes({ redis, keys, run, settings }),
    ...attempts(run),
    ...leases(run, settings),
    ...devices({ redis, keys, run }),
    ...deviceEdits({ redis, keys, run }),
    ...poolChoices(run, settings),
    ...poolReturns({ redis, keys, run, settings }),
    ...pools({ redis, keys, run, settings }),
    ...laneReports(redis, keys, settings),
    ...laneWaits(redis, keys, run),
    ...requests(redis, keys),
    ...recipients({ redis, keys, run, settings }),
    ...viewing,
    ...standstills(redis, keys),
    ...operations({
      redis,
      keys,
      run,
      stepErasure: (id, by) => erasing.stepErasure(id, by),
      sendAside: sendAside({ redis, keys, run, ...viewing, ...dead, ...accepting }),
    }),
    beginErasure: (erasure) => erasing.beginErasure(erasure),
    ...closing({ redis, keys, run }),
    ...dead,
    ...ranks({ redis, keys }),
    ...polls({ redis, keys, ...dead, ...rows }),
    ...withdrawals({ run, ...rows }),
    ...suppressions({ redis, keys, run, settings }),
    ...media({ redis, keys, run, settings }),
    ...admissions(run, settings),
    ...changes(run),
    ...inbound(redis, keys, run),
    ...outbox({ redis, keys, run, settings }),
    ...directory({ redis, keys, run, settings }),
    ...eventLog(redis, keys),
    ...workers(run, settings),
    ...overviews({ redis, keys, run, settings }),
    ...eventRetention({ redis, run, settings }),
    ...uploaded,
    ...drawing,
    ...rows,
    ...endpoints({ redis, keys, run, settings }),
    ...deliveries({ redis, keys, run }),
    ...apiKeys({ redis, keys, run, settings }),
    ...consoleSessions({ redis, keys, run, settings }),
    ...schemas({ redis, keys, run }),
    ...traces(redis, keys),
    loadScripts: loadMissing,
    credentials: (own) => credentialStore({ redis, keys, run }, own),
  };
}
