import { SETTINGS, type SettingName, type Settings } from "./settings.ts";

/** A setting that can't do its work: out of its range, or against another one. */
export interface SettingFault {
  readonly setting: SettingName;
  readonly value: number;
  readonly says: string;
  /** What would be sound. */
  readonly remedy: string;
}

/** Longer waits end at once: Node's timers count in 31 bits. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** What is usually shorter than this is waited for by a timer; the rest is an age. */
const TIMERS_UP_TO_MS = 86_400_000;

/** What is wrong with settings that are numbers all right; empty when they can work together. */
export function judgeSettings(settings: Settings): readonly SettingFault[] {
  const names = Object.keys(SETTINGS) as readonly SettingName[];
  return [
    ...names.flatMap((setting) => {
      const range = rangeOf(setting);
      return faultOf({ setting, value: settings[setting], ...range });
    }),
    ...CONTRADICTIONS.flatMap((row) => contradiction(row, settings)),
    ...judgeLease(settings),
  ];
}

interface Ranged {
  readonly setting: SettingName;
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

function faultOf({ setting, value, least, most }: Ranged): SettingFault[] {
  if (value >= least && value <= most) return [];
  const says =
    value < least
      ? `${setting} is ${value}: below ${least}`
      : most === LONGEST_TIMER_MS
        ? `${setting} is ${value}: longer than a timer can wait, so it would end at once`
        : `${setting} is ${value}: above ${most}`;
  return [{ setting, value, says, remedy: `choose ${least} to ${most}` }];
}

function rangeOf(setting: SettingName): { readonly least: number; readonly most: number } {
  const least = NEVER_ZERO.test(setting) ? 1 : 0;
  if (FLAGS.has(setting)) return { least: 0, most: 1 };
  if (setting.startsWith("memory_") && setting.endsWith("_percent")) return { least, most: 100 };
  const isTimer = setting.endsWith("_ms") && SETTINGS[setting].value <= TIMERS_UP_TO_MS;
  return { least, most: isTimer ? LONGEST_TIMER_MS : Number.MAX_SAFE_INTEGER };
}

const FLAGS: ReadonlySet<SettingName> = new Set(["opt_out_spares_otp"]);

/** Without these nothing moves, or it moves without a pause. */
const NEVER_ZERO =
  /^(.*sweep_ms|.*lease_(ttl|renew|margin)?_?ms|worker_(ttl_ms|capacity)|(claim|handover|rebalance)_group|window_size|feed_lookahead|.*_limit_(bytes|chars)|rate_limit_window_ms|(ack_wait|query_timeout|open_timeout|keep_alive|shutdown|event_look|stream_heartbeat|key_sweep|drain_watch|probe|qr_kept|sync_wait|device_request_wait)_ms|(settled|letter|events|idempotency|media|webhook_log)_kept_ms|idempotency_claim_ms|memory_.*|media_.*parallel|media_(fetch_tries|begins|connect_ms|idle_ms|fetch_ms|upload_ms|look_ms)|deaths_.*|prekeys_full|reconnect_.*_ms|webhook_(concurrency|in_hand|open_limit|timeout_ms|lock_ms|repair_ms|circuit_failures)|pools?_.*limit|batch_upload_ms|overview_.*_ms)$/;

type Row = readonly [smaller: SettingName, relation: "<" | "<=", larger: SettingName, why: string];

/** What must be smaller than what. */
const CONTRADICTIONS: readonly Row[] = [
  ["lease_margin_ms", "<", "lease_ttl_ms", "a worker would stop using a lease before it has it"],
  ["sweep_ms", "<", "worker_ttl_ms", "workers would count as dead between two signs of life"],
  ["deaths_alone", "<", "deaths_poisoned", "a message would be poisoned before it ran alone"],
  ["prekeys_low", "<", "prekeys_full", "every login would upload keys"],
  ["reconnect_base_ms", "<=", "reconnect_cap_ms", "the delay can't double"],
  ["throttle_ms", "<=", "throttle_cap_ms", "the rest can't double"],
  ["hold_ms", "<=", "hold_cap_ms", "the hold can't double"],
  ["login_rest_ms", "<=", "login_rest_cap_ms", "the rest can't double"],
  ["webhook_backoff_base_ms", "<=", "webhook_backoff_cap_ms", "the delay can't double"],
  ["webhook_circuit_ms", "<=", "webhook_circuit_cap_ms", "the pause can't double"],
  ["webhook_timeout_ms", "<", "webhook_lock_ms", "a slow delivery would be made twice"],
  ["webhook_sweep_ms", "<", "webhook_lease_ms", "the reader would lose the event log to itself"],
  [
    "memory_intake_percent",
    "<=",
    "memory_redrive_percent",
    "what was accepted must find room when intake is closed",
  ],
  [
    "memory_webhook_percent",
    "<=",
    "memory_intake_percent",
    "intake would close before silent webhooks give room",
  ],
  ["body_limit_bytes", "<=", "file_body_limit_bytes", "files would be limited more than texts"],
  ["event_gather_ms", "<=", "event_look_ms", "events would be told late for nothing"],
  ["media_idle_ms", "<=", "media_fetch_ms", "a download would end before its host may be silent"],
  ["idempotency_claim_ms", "<", "idempotency_kept_ms", "a repeat would find nothing to join"],
  ["sync_wait_ms", "<", "idempotency_kept_ms", "a repeat would find nothing to join"],
];

function contradiction(
  [smaller, relation, larger, why]: Row,
  settings: Settings,
): readonly SettingFault[] {
  const [a, b] = [settings[smaller], settings[larger]];
  if (relation === "<" ? a < b : a <= b) return [];
  const must = relation === "<" ? "must be less than" : "must not be more than";
  return [
    {
      setting: smaller,
      value: a,
      says: `${smaller} (${a}) ${must} ${larger} (${b}): ${why}`,
      remedy: `lower ${smaller} or raise ${larger}`,
    },
  ];
}

/** It takes three: a lease must be renewed before its owner stops using it. */
function judgeLease(settings: Settings): readonly SettingFault[] {
  const { lease_ttl_ms: ttl, lease_margin_ms: margin, lease_renew_ms: renew } = settings;
  if (renew < ttl - margin) return [];
  return [
    {
      setting: "lease_renew_ms",
      value: renew,
      says: `lease_renew_ms (${renew}) must be less than lease_ttl_ms less lease_margin_ms (${ttl} − ${margin}): every lease would end before it is renewed, and devices would wander`,
      remedy: "lower lease_renew_ms or raise lease_ttl_ms",
    },
  ];
}
