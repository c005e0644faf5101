/**
 * Every limit and time of the product, with its default: one table. `GET /v1/limits` and the docs are made from it; a process
 * overrides a row by the environment variable `POMBO_` + the name in upper case (tests shorten times that way).
 */
export const SETTINGS = {
  // Requests
  body_limit_bytes: { value: 1_048_576, says: "largest request body, after decompression" },
  rate_limit_requests: {
    value: 600_000,
    says: "requests of one API key in a window, over all API processes; 0 = no limit",
  },
  rate_limit_window_ms: { value: 60_000, says: "length of the window of the rate limit" },
  file_body_limit_bytes: {
    value: 8_388_608,
    says: "largest request body that may hold a file in base64, after decompression",
  },
  text_limit_chars: { value: 4_096, says: "longest text of a message" },
  caption_limit_chars: { value: 1_024, says: "longest caption of a file" },
  delete_window_ms: {
    value: 216_000_000,
    says: "age of a message after which it can't be deleted for everyone",
  },
  edit_window_ms: { value: 900_000, says: "age of a message after which it can't be edited" },
  target_wait_ms: {
    value: 5_000,
    says: "how long a change waits before it looks again whether its message was sent",
  },
  contact_lookups: {
    value: 1_000,
    says: "numbers that a device looks up a day when it is asked to",
  },
  typing_limit_ms: {
    value: 10_000,
    says: "longest typing_ms: its device sends nothing else meanwhile",
  },
  mentions_limit: { value: 256, says: "people that one message may mention" },
  metadata_limit_bytes: { value: 2_048, says: "largest metadata of a message" },
  prefer_wait_limit_s: { value: 60, says: "longest wait that Prefer or ?wait= may ask for" },
  sync_wait_ms: {
    value: 15_000,
    says: "how long the wuts and session dialects wait for WhatsApp's ack",
  },
  device_request_wait_ms: {
    value: 20_000,
    says: "how long a request waits for the owner of a device to answer",
  },
  idempotency_claim_ms: {
    value: 5_000,
    says: "how long a claimed idempotency key belongs to one request",
  },
  idempotency_kept_ms: { value: 86_400_000, says: "how long an idempotency record is kept" },

  // Batches
  batch_upload_ms: {
    value: 86_400_000,
    says: "how long the upload of a batch may stay open before it is abandoned",
  },
  batch_draw_rows: { value: 16, says: "rows of a batch that one draw makes messages" },
  batch_pool_draw_rows: {
    value: 128,
    says: "the same for a batch of a pool, whose rows go to all its devices",
  },
  batch_drawn_rows: {
    value: 1_000,
    says: "messages of a pool's batch that may wait in lanes; the other rows wait in the batch",
  },
  batch_aside_rows: {
    value: 100_000,
    says: "the same for a batch of one device, which draws rows only where those before can't go now",
  },
  batch_body_limit_bytes: {
    value: 2_147_483_648,
    says: "largest upload of a batch as CSV or NDJSON, before and after decompression",
  },
  batch_json_limit_bytes: {
    value: 16_777_216,
    says: "largest upload of a batch as one JSON body, before and after decompression",
  },
  batch_json_rows: { value: 10_000, says: "rows of a batch that is one JSON body" },
  batch_preview_rows: { value: 100_000, says: "rows of an upload that a preview reads" },
  batch_row_limit_chars: { value: 65_536, says: "longest row of an upload" },
  batch_gzip_ratio: {
    value: 200,
    says: "how many times larger than itself a gzip upload may become, beyond its first 8 MiB",
  },

  // Media
  image_limit_bytes: { value: 16_777_216, says: "largest image" },
  video_limit_bytes: { value: 104_857_600, says: "largest video" },
  audio_limit_bytes: { value: 16_777_216, says: "largest audio file or voice note" },
  document_limit_bytes: { value: 104_857_600, says: "largest document" },
  sticker_limit_bytes: { value: 1_048_576, says: "largest sticker" },
  media_connect_ms: { value: 10_000, says: "how long the host of a media URL may take to answer" },
  media_idle_ms: { value: 15_000, says: "how long a media URL may send nothing" },
  media_fetch_ms: { value: 120_000, says: "how long one download of a media URL may take" },
  media_fetch_tries: { value: 3, says: "how often a media URL is tried whose host fails" },
  media_fetch_pause_ms: { value: 2_000, says: "first pause between two such tries; doubles" },
  media_redirects: { value: 3, says: "redirects of a media URL that are followed" },
  media_upload_ms: { value: 60_000, says: "how long an upload to WhatsApp may move nothing" },
  media_look_ms: {
    value: 20_000,
    says: "how often a message is looked at whose media is being fetched or uploaded",
  },
  media_begins: {
    value: 5,
    says: "how often work on the media of a message may begin and find no end before it fails",
  },
  media_parallel: { value: 8, says: "media that one worker uploads to WhatsApp at a time" },
  media_fetch_parallel: { value: 32, says: "media URLs that one worker fetches at a time" },
  media_host_parallel: {
    value: 8,
    says: "media URLs of one host that one worker fetches at a time, so that a slow one holds up no others",
  },
  media_wanted_ms: {
    value: 2_000,
    says: "how often it is looked at whether a message still waits for media that is being fetched or uploaded",
  },
  media_kept_ms: { value: 604_800_000, says: "how long media is kept after its last use" },
  media_uploaded_kept_ms: {
    value: 604_800_000,
    says: "how long an upload to WhatsApp is used again by its device",
  },
  media_sweep_ms: { value: 600_000, says: "how often media that nobody keeps is removed" },
  media_orphan_ms: { value: 3_600_000, says: "age at which bytes without a record are removed" },

  // People who want nothing
  opt_out_spares_otp: {
    value: 1,
    says: "1: one-time passwords (priority otp) go to people who opted out; 0: nothing goes to them",
  },

  suppression_import_limit_bytes: {
    value: 33_554_432,
    says: "largest CSV file of suppressions",
  },

  // Keeping
  settled_kept_ms: { value: 604_800_000, says: "how long a settled message is kept" },
  groups_kept_ms: { value: 60_000, says: "how long the list of a device's groups is kept" },
  inbound_kept_ms: { value: 604_800_000, says: "how long a received message is kept" },
  letter_kept_ms: { value: 2_592_000_000, says: "how long a failed message is kept" },
  events_kept_ms: { value: 172_800_000, says: "how long the event log is kept" },
  ended_key_kept_ms: {
    value: 2_592_000_000,
    says: "how long an expired or revoked API key is shown",
  },
  recipient_known_ms: { value: 604_800_000, says: "how long 'is on WhatsApp' is believed" },
  recipient_absent_ms: { value: 3_600_000, says: "how long 'is not on WhatsApp' is believed" },

  // Live
  event_look_ms: { value: 1_000, says: "how often the event log is looked at without being woken" },
  event_gather_ms: {
    value: 20,
    says: "shortest time between two looks at the event log; what comes between is told together",
  },
  events_recent: { value: 2_000, says: "events that each API process keeps in memory" },
  stream_heartbeat_ms: {
    value: 15_000,
    says: "how often a silent event stream shows that it lives",
  },
  stream_buffer_bytes: {
    value: 65_536,
    says: "what is written ahead of a slow client; beyond it the client gets its events at its own pace",
  },
  stream_stall_ms: {
    value: 30_000,
    says: "how long a client may take nothing before its event stream is closed",
  },
  key_sweep_ms: {
    value: 500,
    says: "how often open streams and waits look whether their API key still lives",
  },

  // The console
  console_session_ms: { value: 43_200_000, says: "how long somebody stays signed in" },
  console_sign_in_failures: {
    value: 10,
    says: "sign-ins of one address that may fail in a window; 0 = no limit",
  },
  console_sign_in_window_ms: { value: 60_000, says: "length of that window" },

  // The overview
  overview_bucket_ms: {
    value: 10_000,
    says: "length of the stretches of time that the overview counts in",
  },
  overview_kept_ms: { value: 7_200_000, says: "how long these counts are kept" },
  overview_refresh_ms: {
    value: 1_000,
    says: "how often an API process takes a new overview; where that takes longer than a twentieth of it, less often",
  },

  // Ownership
  lease_ttl_ms: { value: 15_000, says: "how long a device stays with a silent worker" },
  lease_renew_ms: { value: 5_000, says: "how often a worker renews its leases" },
  claim_group: {
    value: 25,
    says: "free devices that a worker takes a sweep, so that logins are spread",
  },
  handover_ms: {
    value: 30_000,
    says: "how long a stopping worker waits at most until others have its devices",
  },
  handover_group: {
    value: 2,
    says: "devices that a stopping worker hands over at once; more where handover_ms would be too short",
  },
  rebalance_group: {
    value: 2,
    says: "devices that a worker gives away at once, so that others have their share; the next ones when those are connected again",
  },
  worker_ttl_ms: { value: 6_000, says: "how long a silent worker counts as living" },
  worker_capacity: { value: 20_000, says: "devices that one worker takes at most" },
  worker_return_ms: {
    value: 0,
    says: "for so long the devices of a worker that was stopped wait for its next start under the same name, so that they log in once; 0: others take them at once",
  },
  lease_margin_ms: {
    value: 3_000,
    says: "how long before the end of a lease the worker stops using it",
  },

  cut_off_spread_ms: {
    value: 30_000,
    says: "over so long a worker that can't renew its leases spreads the cuts of its sockets, and their return",
  },

  // Lanes
  window_size: { value: 2, says: "messages of a lane that are in hand or next" },
  sweep_ms: { value: 1_000, says: "how often a worker looks at every lane without being woken" },
  repair_after_ms: {
    value: 2_000,
    says: "age at which a window entry without a job gets its job again",
  },
  feed_lookahead: { value: 20, says: "waiting messages of a class that one feed looks at" },
  pace_gap_ms: { value: 0, says: "shortest time between two messages of a device" },
  pace_jitter_ms: { value: 0, says: "up to so much is added to each gap, at random" },
  pace_recipient_gap_ms: { value: 0, says: "shortest time between two messages to one recipient" },
  pace_daily_cap: { value: 0, says: "messages of a device a day; 0 = no cap" },
  pace_cold_daily_cap: {
    value: 0,
    says: "of these, to recipients without a living conversation; 0 = no cap",
  },
  pool_devices_limit: { value: 1_000, says: "devices of a pool" },
  pool_seen_ms: {
    value: 500,
    says: "how long an API process goes by what it saw of a pool's devices",
  },
  pool_return_ms: {
    value: 5_000,
    says: "how often it is looked at whether a device that is gone can give messages back to its pools",
  },
  stick_kept_ms: {
    value: 7_776_000_000,
    says: "how long a recipient of a pool stays with its device after the last message",
  },
  pools_limit: { value: 1_000, says: "pools of an installation" },
  queue_time_ms: {
    value: 14_400_000,
    says: "longest time that a paced lane's backlog may take before singles are refused",
  },
  memory_intake_percent: {
    value: 70,
    says: "share of Redis' maxmemory from which on nothing is accepted",
  },
  memory_redrive_percent: {
    value: 90,
    says: "share of Redis' maxmemory from which on nothing is redriven",
  },
  memory_check_ms: { value: 1_000, says: "how often the memory of Redis is looked at" },
  drain_watch_ms: {
    value: 60_000,
    says: "how long a healthy lane may move nothing before it is reported as blocked",
  },
  probe_ms: { value: 60_000, says: "how long one message may probe whether a hold has ended" },
  deaths_alone: { value: 2, says: "deaths of its worker from which on a message runs alone" },
  deaths_poisoned: {
    value: 3,
    says: "deaths of its worker, the last one alone, that make a message poisoned",
  },

  // Sending
  ack_wait_ms: { value: 20_000, says: "how long WhatsApp's answer to a message is waited for" },
  reconcile_grace_ms: {
    value: 10_000,
    says: "how long late evidence is waited for before a message is sent again",
  },
  reconcile_rounds: { value: 3, says: "how often a message without an answer is sent again" },
  reconcile_limit_ms: {
    value: 86_400_000,
    says: "age of the first attempt after which it isn't sent again",
  },
  reconnect_gap_ms: {
    value: 60_000,
    says: "shortest time between two reconnects made for reconciliation",
  },
  throttle_ms: { value: 300_000, says: "how long a lane rests after WhatsApp's 429; doubles" },
  throttle_cap_ms: { value: 3_600_000, says: "longest rest after WhatsApp's 429" },
  hold_ms: {
    value: 3_600_000,
    says: "how long cold sends of a restricted account are held when WhatsApp names no end; doubles",
  },
  hold_cap_ms: { value: 86_400_000, says: "longest hold of cold sends" },
  backoff_scale_percent: { value: 100, says: "scales every backoff of the catalog; for tests" },

  // Webhooks
  webhook_timeout_ms: { value: 10_000, says: "how long an endpoint may take to answer" },
  webhook_retry_ms: { value: 86_400_000, says: "how long a delivery is tried before it is parked" },
  webhook_backoff_base_ms: { value: 5_000, says: "first delay before a repeat; doubles" },
  webhook_backoff_cap_ms: { value: 3_600_000, says: "longest delay before a repeat" },
  webhook_open_limit: {
    value: 1_000,
    says: "open deliveries of an endpoint; beyond that its cursor waits",
  },
  webhook_in_hand: { value: 20, says: "requests to one endpoint at once" },
  webhook_concurrency: { value: 1_000, says: "webhook requests of one notifier at once" },
  webhook_circuit_failures: {
    value: 5,
    says: "failures in a row after which an endpoint is left alone for a while",
  },
  webhook_circuit_ms: { value: 30_000, says: "how long it is left alone at first; doubles" },
  webhook_circuit_cap_ms: { value: 600_000, says: "longest time that it is left alone" },
  webhook_endpoints_limit: { value: 500, says: "endpoints of an installation" },
  webhook_overlap_ms: {
    value: 86_400_000,
    says: "how long a replaced secret of an endpoint still signs",
  },
  webhook_log_entries: { value: 1_000, says: "deliveries of an endpoint that are shown" },
  webhook_log_kept_ms: { value: 259_200_000, says: "how long a delivery is shown" },
  webhook_parked_limit: { value: 10_000, says: "parked deliveries of an endpoint that are kept" },
  webhook_parked_kept_ms: { value: 2_592_000_000, says: "how long a parked delivery is kept" },
  webhook_behind_ms: {
    value: 604_800_000,
    says: "age of its next event at which an endpoint is parked, so that the event log may go on",
  },
  webhook_lease_ms: { value: 10_000, says: "how long the event log stays with a silent reader" },
  webhook_sweep_ms: {
    value: 1_000,
    says: "how often the reader looks at the event log without being woken",
  },
  webhook_repair_ms: {
    value: 5_000,
    says: "how often the reader looks for deliveries without a job",
  },
  webhook_lock_ms: {
    value: 15_000,
    says: "how long a job stays with a silent notifier",
  },
  memory_webhook_percent: {
    value: 60,
    says: "share of Redis' maxmemory from which on endpoints that hold the event log are parked",
  },

  media_download_ms: {
    value: 600_000,
    says: "how long the file of a received message may take to come from WhatsApp",
  },
  history_wait_ms: {
    value: 5_000,
    says: "how long the phone's answer to a request for history is waited for",
  },

  // The connection
  open_timeout_ms: { value: 60_000, says: "how long a connection may take to open" },
  query_timeout_ms: { value: 12_000, says: "how long a query to WhatsApp may take" },
  keep_alive_ms: { value: 20_000, says: "how often an idle connection is probed" },
  reconnect_base_ms: { value: 1_000, says: "first delay before a reconnect; doubles" },
  reconnect_cap_ms: { value: 60_000, says: "longest delay before a reconnect" },
  login_rest_ms: {
    value: 300_000,
    says: "how long a device rests after WhatsApp refused its connection with 429; doubles",
  },
  login_rest_cap_ms: { value: 3_600_000, says: "longest rest after such a refusal" },
  replaced_wait_ms: {
    value: 15_000,
    says: "delay before the single reconnect after another login took over",
  },
  replaced_window_ms: { value: 600_000, says: "two take-overs within this time stop the device" },
  prekeys_low: {
    value: 50,
    says: "one-time keys of a device at WhatsApp below which more are uploaded at its login",
  },
  prekeys_full: { value: 200, says: "one-time keys of a device at WhatsApp after such an upload" },
  signed_prekey_rotation_ms: {
    value: 604_800_000,
    says: "age at which a device's signed prekey is replaced",
  },
  qr_kept_ms: { value: 60_000, says: "how long a QR code is shown" },
  drain_ms: {
    value: 5_000,
    says: "how long a stopping API says that it is not ready, and still takes requests, before it closes its port",
  },
  shutdown_ms: { value: 10_000, says: "how long a process may take to end, after it has drained" },
  health_wait_ms: {
    value: 2_000,
    says: "how long a look at whether a process is ready may wait for Redis or a disk",
  },
  disk_free_bytes: {
    value: 67_108_864,
    says: "free space on the disk of the media folder below which a process is not ready",
  },
  clock_apart_ms: {
    value: 2_000,
    says: "how far the clocks of a process and of Redis may be apart before it is not ready",
  },
} as const satisfies Record<string, { readonly value: number; readonly says: string }>;

export type SettingName = keyof typeof SETTINGS;
export type Settings = Readonly<Record<SettingName, number>>;

export type ReadSettings =
  | { readonly kind: "settings"; readonly settings: Settings }
  | { readonly kind: "refused"; readonly variable: string; readonly value: string };

/** Reads the settings from environment variables; a value that isn't a whole number ≥ 0 is refused by name. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): ReadSettings {
  const settings: Record<string, number> = {};
  for (const [name, row] of Object.entries(SETTINGS)) {
    const variable = `POMBO_${name.toUpperCase()}`;
    const text = env[variable];
    if (text !== undefined && !/^[0-9]{1,15}$/.test(text))
      return { kind: "refused", variable, value: text };
    settings[name] = text === undefined ? row.value : Number(text);
  }
  return { kind: "settings", settings: settings as Settings };
}

export const DEFAULT_SETTINGS: Settings = Object.fromEntries(
  Object.entries(SETTINGS).map(([name, row]) => [name, row.value]),
) as Settings;
