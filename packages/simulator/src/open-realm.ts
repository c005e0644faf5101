import type { Connection } from "./connection.ts";
import { openConnections } from "./connections.ts";
import { openDirectory } from "./directory.ts";
import { openDistinctCount } from "./distinct-count.ts";
import { openEventLog, type EventLog } from "./event-log.ts";
import { openFaults, type Faults } from "./faults.ts";
import { openGroups } from "./groups.ts";
import { openGroupSignal } from "./group-signal.ts";
import type { Journal } from "./journal.ts";
import { openKeyRing } from "./key-ring.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import type { MediaStore } from "./media-store.ts";
import { openOutboxes } from "./outbox.ts";
import { openPairings } from "./pairings.ts";
import { openPhoneSignal } from "./phone-signal.ts";
import { openPhones } from "./phones.ts";
import { nowSeconds, type Counters, type Delays, type Realm, type Report } from "./realm.ts";
import type { Secrets } from "./secrets.ts";
import { openTimers } from "./timers.ts";
import { openWork } from "./work.ts";

export interface RealmConfig {
  readonly log?: Report;
  readonly delays?: Partial<Delays>;
  readonly limits?: Partial<Limits>;
}

const defaultDelays: Delays = { ack: 0, delivered: 5, read: 20 };

/** Puts the parts of a simulated WhatsApp together, with what the journal remembers. */
export async function openRealm(
  config: RealmConfig,
  { journal, secrets, media }: { journal: Journal; secrets: Secrets; media: MediaStore },
): Promise<Realm> {
  const limits = limitsOf(config);
  const report = config.log ?? (() => {});
  const log = openEventLog(limits.logEntries);
  const connections = openConnections();
  const keyRing = openKeyRing(secrets.phoneKeys);
  return {
    limits,
    delays: { ...defaultDelays, ...config.delays },
    trust: secrets.trust,
    timers: openTimers(),
    work: openWork((error) => report("simulator.work_failed", { error: String(error) })),
    journal,
    keyRing,
    directory: openDirectory({ journal, nowSeconds, ...limits }),
    connections,
    pairings: openPairings(),
    outboxes: await openOutboxes({
      journal,
      most: limits.offlineStanzas,
      activeConnection: (jid) => activeConnection(connections.of(jid)),
      onOverflow: (jid) => log.append("dropped", { device: jid }),
    }),
    phones: openPhones({ journal, inboxRows: limits.inboxRows }),
    signal: openPhoneSignal({ journal, keyRing }),
    groups: openGroups({ journal, nowSeconds }),
    groupSignal: openGroupSignal(journal),
    media,
    mediaHost: { current: undefined },
    faults: loggedFaults(log, limits),
    log,
    counters: zero(),
    relayedIds: openDistinctCount(limits.distinctIds),
    report,
  };
}

export const limitsOf = ({ limits }: RealmConfig): Limits => ({ ...defaultLimits, ...limits });

const zero = (): Counters => ({
  messages: 0,
  relayed: 0,
  repeated: 0,
  unreadable: 0,
  iqs: 0,
  logins: 0,
});

function loggedFaults(log: EventLog, limits: Limits): Faults {
  return openFaults({
    most: limits.faults,
    onTaken: ({ on, action }, { device, to }) =>
      log.append("fault", {
        ...(device === undefined ? {} : { device }),
        ...(to === undefined ? {} : { to }),
        type: `${on} ${action.kind}`,
      }),
  });
}

function activeConnection(connection: Connection | undefined): Connection | undefined {
  return connection?.role.kind === "device" && connection.role.active ? connection : undefined;
}
