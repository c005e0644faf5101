import {
  type BatchPreviewBody,
  checkTimes,
  type PREVIEW_WARNINGS,
  type Problem,
} from "@pombo/contract";
import {
  type BatchSettings,
  compileTemplate,
  isOnline,
  MEDIA_KINDS,
  type Settings,
  wordsOf,
} from "@pombo/domain";
import type { GivenTemplate } from "@pombo/intake";
import type { Ledger, LaneSurvey } from "@pombo/ledger";
import { type Answer, json, refuse } from "../answer.ts";
import type { Call, Handler } from "../bind-route.ts";
import { foresee, type Foreseen } from "../foresee.ts";
import type { KeptFile } from "../judge-chunk.ts";
import { normaliseNumber } from "../normalise-number.ts";
import { openBatchUpload, type OpenedBatchUpload } from "../open-batch-upload.ts";
import { quietOf, useFile, wrongTime } from "../plan-batch.ts";
import { chatJid, instantOrNull } from "../render-message.ts";
import type { StageDeps } from "../stage-media.ts";
import { templateContent } from "../template-content.ts";
import { type SenderDeps, sendersOf } from "../senders.ts";
import {
  forecastRows,
  type ShownRow,
  type Walk,
  type WalkDeps,
  type WalkedUpload,
  walkUpload,
} from "../walk-upload.ts";
import { renderError } from "./batch-rows.ts";
import { brokenOff } from "./create-batch.ts";
import { type DirectoryDeps, lookUpNumbers } from "./directory.ts";

export interface PreviewDeps extends DirectoryDeps, Omit<StageDeps, "ledger"> {
  readonly ledger: DirectoryDeps["ledger"] &
    StageDeps["ledger"] &
    SenderDeps["ledger"] &
    WalkDeps["ledger"] &
    Pick<Ledger, "findMedia" | "listBatches" | "surveyDevices">;
  readonly settings: Settings;
}

type PreviewCall = Call<"previewBatch">;

const SHOWN = 20;

/** `POST /v1/batches/preview`: the upload is read as `POST /v1/batches` reads it; nothing of it is stored, and nothing is sent. */
export function previewBatch(deps: PreviewDeps): Handler<"previewBatch"> {
  return async (call) => {
    const { request, query, client } = call;
    const { sample: _sample, look_up: _lookUp, ...settings } = query;
    const ask = { request, query: settings, stop: client.stop };
    const opened = await openBatchUpload(ask, deps.settings);
    if (opened.kind === "refused") return refuse(opened.problem);
    if (opened.kind === "broken") return refuse(brokenOff(call));
    // Awaited here: the upload is closed when this scope ends.
    await using upload = opened;
    return await look(call, upload, deps);
  };
}

async function look(
  call: PreviewCall,
  opened: OpenedBatchUpload,
  deps: PreviewDeps,
): Promise<Answer> {
  const { ledger, now } = deps;
  const planned = await plan(call, opened, deps);
  if (planned.kind === "refused") return refuse(planned.problem);
  const { walk } = planned;
  const walked = await walkUpload(opened, walk, deps);
  if (walked.kind === "refused") return refuse(walked.problem);
  if (walked.kind === "broken") return refuse(brokenOff(call));
  const { found } = walked;
  const [lanes, { batches }, sample] = await Promise.all([
    ledger.surveyDevices(walk.deviceIds, now()),
    ledger.listBatches({ limit: OTHERS }),
    showRows(call, { found, walk, opened }, deps),
  ]);
  const rows = forecastRows(found, walk.settings);
  const { priority, sendAt, expiresAt } = walk.settings;
  const ask = { now: now(), priority, lanes, rows, others: batches, sendAt, expiresAt };
  const foreseen = foresee(ask, deps.settings);
  return json(200, render(found, { lanes, foreseen, sample }));
}

/** Batches that may take turns with this one are among the newest. */
const OTHERS = 100;

type Planned =
  | { readonly kind: "walk"; readonly walk: Walk }
  | { readonly kind: "refused"; readonly problem: Problem };

async function plan(
  { caller, query }: PreviewCall,
  { wanted }: OpenedBatchUpload,
  deps: PreviewDeps,
): Promise<Planned> {
  const times = checkTimes(wanted, deps.now());
  if (times.kind === "refused") return { kind: "refused", problem: wrongTime(times, wanted) };
  const senders = await sendersOf(wanted.from, caller, deps);
  if (senders.kind === "refused") return senders;
  const settings: BatchSettings = {
    from: wanted.from,
    priority: wanted.priority ?? "bulk",
    ...(times.sendAt === undefined ? {} : { sendAt: times.sendAt }),
    ...(times.expiresAt === undefined ? {} : { expiresAt: times.expiresAt }),
    ...(wanted.quiet_hours === undefined ? {} : { quietHours: quietOf(wanted.quiet_hours) }),
    dedupe: wanted.dedupe ?? "client_ref",
    onInvalid: wanted.on_invalid ?? "skip",
    start: wanted.start ?? "complete",
  };
  const { template } = wanted;
  const goesAt = times.sendAt ?? deps.now();
  const reading = readingOnly(deps);
  if (template !== undefined && !bringsBytes(template)) {
    const content = await templateContent({ template, caller, goesAt }, reading);
    if (content.kind === "refused") return content;
  }
  const walk = {
    settings,
    useFile: (file: KeptFile) => useFile(file, { caller, goesAt }, reading),
    keyId: caller.keyId,
    deviceIds: senders.deviceIds,
    mostRows: deps.settings.batch_preview_rows,
    shown: query.sample ?? SHOWN,
  };
  return { kind: "walk", walk };
}

/** A file that is used is kept longer: here it is only found. */
function readingOnly(deps: PreviewDeps): StageDeps {
  const { ledger } = deps;
  return { ...deps, ledger: { ...ledger, useMedia: (id) => ledger.findMedia(id) } };
}

/** Bytes in a template would have to be stored to be looked at. */
function bringsBytes(template: GivenTemplate): boolean {
  if (typeof template === "string") return false;
  return MEDIA_KINDS.some((kind) => {
    const file = template[kind];
    return typeof file === "object" && file !== null && "base64" in file;
  });
}

interface Looked {
  readonly found: WalkedUpload;
  readonly walk: Walk;
  readonly opened: OpenedBatchUpload;
}

type SampleRow = BatchPreviewBody["sample"][number];

/** The first rows, with what is known of their numbers. Those of which nothing is known are looked up, as far as that was asked for. */
async function showRows(
  { query, client }: PreviewCall,
  { found, walk, opened }: Looked,
  deps: PreviewDeps,
): Promise<readonly SampleRow[]> {
  const lanes = await deps.ledger.surveyDevices(walk.deviceIds, deps.now());
  const online = lanes.find(({ state, owned }) => isOnline(state) && owned);
  const digits = found.sample.map(({ packed }) => packed.to).filter((name) => !name.includes("@"));
  const budget = online === undefined ? 0 : (query.look_up ?? walk.shown);
  const asked = [...new Set(digits)].slice(0, budget);
  if (online !== undefined && asked.length > 0)
    await lookUpNumbers({ deviceId: online.deviceId, digits: asked, stop: client.stop }, deps);
  const known = await deps.ledger.knownNumbers(digits);
  const byDigits = new Map(known.map((one) => [one.digits, one.known]));
  const home = lanes.find(({ phone }) => phone !== undefined)?.phone;
  const words = wordsFor(opened.wanted.template);
  return found.sample.map((row) =>
    showRow(row, { known: byDigits.get(row.packed.to), home, words }),
  );
}

interface RowFacts {
  readonly known: { readonly onWhatsApp: boolean; readonly ageMs: number } | undefined;
  readonly home: string | undefined;
  readonly words: (row: ShownRow["packed"]) => string | null;
}

function showRow(
  { row, line, packed, warm }: ShownRow,
  { known, home, words }: RowFacts,
): SampleRow {
  const group = packed.to.includes("@");
  const number = group ? undefined : normaliseNumber(packed.to, home);
  return {
    row,
    line,
    to: packed.to,
    chat_jid: chatJid(packed.to),
    client_ref: packed.clientRef ?? null,
    text: words(packed),
    country: number?.country ?? null,
    international: number?.international ?? null,
    valid: number?.valid ?? true,
    suggestions: (number?.suggestions ?? []).map(({ digits, hint }) => ({ to: digits, hint })),
    on_whatsapp: group ? "yes" : known === undefined ? "unknown" : known.onWhatsApp ? "yes" : "no",
    age_s: known === undefined ? null : Math.floor(known.ageMs / 1_000),
    warm,
  };
}

/** How to find the words that a row will show. */
function wordsFor(template: GivenTemplate | undefined): RowFacts["words"] {
  if (template === undefined)
    return ({ content }) => (content === undefined ? null : wordsOf(content) || null);
  const compiled = compileTemplate<unknown>(
    typeof template === "string" ? { text: template } : template,
  );
  if (compiled.kind === "malformed") throw new Error("the template was not looked at");
  const { render: fill } = compiled.template;
  return ({ values = [] }) => wordsOfGiven(fill(values));
}

const WORDS = [
  ["text"],
  ...MEDIA_KINDS.map((kind) => [kind, "caption"]),
  ["location", "name"],
  ["contact", "name"],
  ["poll", "question"],
];

/** The words of a content as it is given. */
function wordsOfGiven(content: unknown): string | null {
  for (const path of WORDS) {
    let value = content;
    for (const key of path)
      value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
    if (typeof value === "string") return value;
  }
  return null;
}

interface Seen {
  readonly lanes: readonly LaneSurvey[];
  readonly foreseen: Foreseen;
  readonly sample: readonly SampleRow[];
}

function render(found: WalkedUpload, seen: Seen): BatchPreviewBody {
  const { foreseen, sample } = seen;
  const counts = countsOf(found);
  return {
    success: true,
    rows: found.rows,
    complete: found.complete,
    ...counts,
    invalid: found.invalid,
    duplicate: found.duplicate,
    suppressed: found.suppressed,
    on_whatsapp: found.onWhatsApp,
    forecast: {
      finishes_at: counts.accepted === 0 ? null : instantOrNull(foreseen.finishAt),
      unsent: foreseen.unsent,
      limits: [...foreseen.limits],
      speed: foreseen.speed,
    },
    warnings: warningsOf(found, seen),
    sample: [...sample],
    errors: found.errors.map(renderError),
  };
}

function countsOf({ groups }: WalkedUpload): { accepted: number; warm: number; cold: number } {
  const [warm, cold] = [...groups.values()].reduce(
    ([w, c], group) => [w + group.warm, c + group.cold],
    [0, 0],
  );
  return { accepted: warm + cold, warm, cold };
}

type Warning = (typeof PREVIEW_WARNINGS)[number];

/** Above this share of new chats an account draws attention. */
const MUCH_COLD = 0.3;

/** What speaks against starting it like this: how many rows, devices or numbers. */
function warningsOf(found: WalkedUpload, { lanes, foreseen }: Seen): BatchPreviewBody["warnings"] {
  const { accepted, cold } = countsOf(found);
  const limited = (name: Foreseen["limits"][number]): number =>
    foreseen.limits.includes(name) ? accepted : 0;
  const lanesThat = (is: (lane: LaneSurvey) => boolean): number => lanes.filter(is).length;
  const counts: Readonly<Record<Warning, number>> = {
    nothing_to_send: accepted === 0 ? found.rows : 0,
    device_offline: lanesThat(({ state }) => !isOnline(state)),
    no_worker: lanesThat(({ owned, state }) => !owned && isOnline(state)),
    lane_paused: lanesThat(({ paused }) => paused),
    account_hold: cold > 0 ? lanesThat(({ heldUntil }) => heldUntil > 0) : 0,
    cold_share: cold > accepted * MUCH_COLD ? cold : 0,
    daily_cap: limited("daily_cap"),
    cold_daily_cap: limited("cold_daily_cap"),
    quiet_hours: limited("quiet_hours"),
    expires_first: foreseen.unsent,
    not_on_whatsapp: found.onWhatsApp.no,
    doubtful_numbers: found.doubtful,
    speed_assumed: foreseen.speed === "assumed" ? accepted : 0,
    not_all_read: found.complete ? 0 : found.rows,
  };
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([code, count]) => ({
      code: code as Warning,
      count,
      message: MESSAGES[code as Warning],
    }));
}

const MESSAGES: Readonly<Record<Warning, string>> = {
  nothing_to_send: "No row of the upload would be sent.",
  device_offline: "Devices are not connected: their rows wait until they are.",
  no_worker: "Devices have no worker: their rows wait until one takes them.",
  lane_paused: "Lanes are paused: nothing leaves until they are resumed.",
  account_hold: "WhatsApp limits new chats of an account: cold rows wait.",
  cold_share: "Many rows start new chats: WhatsApp may restrict the account.",
  daily_cap: "The daily caps of the devices make it last longer than a day.",
  cold_daily_cap: "The daily budgets for new chats make cold rows wait for the next day.",
  quiet_hours: "Recipients sleep meanwhile: rows wait for their morning.",
  expires_first: "Rows will not have left by expires_at, or not in the time that can be foreseen.",
  not_on_whatsapp: "Numbers are known not to be on WhatsApp: their rows will fail.",
  doubtful_numbers: "Numbers fit no numbering plan as they are written.",
  speed_assumed: "Nobody has measured how fast the device sends: one message a second is assumed.",
  not_all_read: "The upload is longer than a preview reads: the counts are those of its beginning.",
};
