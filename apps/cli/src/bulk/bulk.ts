import { basename, join, resolve } from "node:path";
import { createPombo, type Pombo, PomboError } from "@pombo/sdk";
import { command, misused, REMOTE, REMOTE_HELP } from "../command/command.ts";
import type { Context } from "../command/context.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { findPombo } from "../command/find-pombo.ts";
import { randomKey } from "../command/random-key.ts";
import { Stopped } from "../command/stopped.ts";
import { grouped } from "../terminal/bar.ts";
import { confirm } from "../terminal/confirm.ts";
import { type Batch, isAllWell, isOver, summary } from "./batch-view.ts";
import { type BatchSettings, BULK_NAME, readSettings, SETTING_OPTIONS } from "./bulk-options.ts";
import { saveErrors, saveResults } from "./save-results.ts";
import { showPreview } from "./show-preview.ts";
import { type AcceptedBatch, uploadBatch } from "./upload-batch.ts";
import { readUploadFile, type UploadFile } from "./upload-file.ts";
import { digestOfSettings, nextMove, readNote, type UploadNote } from "./upload-note.ts";
import { watchBatch } from "./watch-batch.ts";

/** An upload that breaks off is sent again for about ten minutes. */
const PATIENT = { attempts: 40, capMs: 15_000, longestWaitMs: 300_000 };

export const BULK = command({
  name: BULK_NAME,
  says: "Sends a message for each row of a table, shows how far it is, and saves what became of each row.",
  takes: "FILE --from DEVICE [--template TEXT] [options] | --resume BATCH [options]",
  help: `  FILE                      .csv, .ndjson or .jsonl, or one of these as .gz; a row has the column "to" and those of the template
  --from DEVICE             the sending device or pool
  --template TEXT           what each row says: {{column}} stands for its value
  --template-file FILE      the same from a file
  --priority CLASS          otp, high, normal or bulk (bulk)
  --send-at TIME            begin then, like 2030-01-31T12:00:00Z
  --expires-at TIME         what has not left by then never will
  --quiet-hours HOURS       like 22:00-08:00, or 22:00-08:00@America/Sao_Paulo
  --dedupe HOW              which later rows are duplicates: of the same recipient, client_ref, or none (client_ref)
  --on-invalid HOW          skip bad rows, or reject all with one bad row (skip)
  --extra-columns HOW       refuse or ignore columns that nobody asks for (refuse)
  --start WHEN              complete, or streaming: send while the upload still runs (complete)
  --preview                 show what would be sent, and send nothing
  --yes                     show no preview, and ask nothing
  --detach                  end as soon as the rows are accepted
  --again                   send a file that was sent, or begun, once more
  --resume BATCH            watch this batch again; go on with it when it is paused
  --results FILE            where to save what became of each row (FILE.results.csv)
${REMOTE_HELP}

A note beside the file (FILE.pombo.json) makes the same command go on where a broken upload stopped, and keeps a file from being
sent twice. Ctrl-C while the batch runs asks whether to pause it, to leave it running or to cancel it.
Ends with 0 when every row went, 1 when some did not, 5 when the batch goes on without this command.`,
  options: {
    ...REMOTE,
    ...SETTING_OPTIONS,
    "template-file": { type: "string" },
    preview: { type: "boolean", default: false },
    yes: { type: "boolean", short: "y", default: false },
    detach: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
    resume: { type: "string" },
    results: { type: "string" },
  },
  words: ["FILE"],
  async run({ values, words: [name] }, context) {
    const { folder, environment } = context;
    const { resume } = values;
    if ((name === undefined) === (resume === undefined))
      throw misused(BULK_NAME, "either a FILE or --resume BATCH is needed");
    const place = await findPombo(values, environment);
    const deps = { pombo: createPombo(place), context };
    const { json, results } = values;
    const output = { json, results: results === undefined ? undefined : resolve(folder, results) };
    if (name === undefined) return await resumeBatch(resume ?? "", output, deps);
    const file = await readUploadFile(resolve(folder, name));
    const settings = await readSettings(values, folder);
    const sending = { file, settings, url: place.url, ...values, ...output };
    const uploader = createPombo({ ...place, retry: PATIENT });
    return await sendFile(sending, { ...deps, uploader });
  },
});

interface OutputOptions {
  readonly json: boolean;
  /** An absolute path. */
  readonly results: string | undefined;
}

interface BulkDeps {
  readonly pombo: Pombo;
  readonly context: Context;
}

interface Sending extends OutputOptions {
  readonly file: UploadFile;
  readonly settings: BatchSettings;
  readonly url: string;
  readonly yes: boolean;
  /** Show only. */
  readonly preview: boolean;
  readonly detach: boolean;
  readonly again: boolean;
}

async function sendFile(
  sending: Sending,
  deps: BulkDeps & { readonly uploader: Pombo },
): Promise<ExitCode> {
  const { file } = sending;
  const { pombo, context } = deps;
  if (sending.preview) {
    await showPreview(sending, pombo, context);
    return EXIT.done;
  }
  const plan = await planUpload(sending, deps);
  if (plan.kind === "watch") return await watchToEnd(plan.batchId, namesOf(sending), deps);
  if (plan.isNew && !sending.yes) await agree(sending, deps);
  const { settings } = sending;
  const accepted = await uploadBatch({ file, settings, note: plan.note }, deps.uploader, context);
  context.terminal.tell(acceptance(accepted));
  const id = accepted.batch_id;
  await reportRefused(accepted, file.path, deps);
  if (sending.detach) {
    context.terminal.print(sending.json ? JSON.stringify(await pombo.getBatch({ id })) : id);
    return EXIT.done;
  }
  return await watchToEnd(id, namesOf(sending), deps);
}

type Plan =
  | { readonly kind: "watch"; readonly batchId: string }
  | { readonly kind: "upload"; readonly note: UploadNote; readonly isNew: boolean };

/** What the note beside the file leaves to do. @throws Stopped */
async function planUpload(sending: Sending, { pombo, context }: BulkDeps): Promise<Plan> {
  const { file, settings, url, again } = sending;
  const wanted = { settings: digestOfSettings(settings), file: file.sha256 };
  const { terminal } = context;
  const key = randomKey();
  const fresh = { url, ...wanted, idempotency_key: key, begun_at: new Date().toISOString() };
  const begin = { kind: "upload", note: fresh, isNew: true } as const;
  if (again) return begin;
  const move = nextMove(await readNote(file.path), wanted);
  switch (move.kind) {
    case "begin":
      return begin;
    case "go-on":
      terminal.tell(`Going on with the upload that was begun at ${move.note.begun_at}.`);
      return { kind: "upload", note: move.note, isNew: move.isChanged };
    case "changed":
      terminal.tell(`Another version of this file was sent as ${move.batchId}.`);
      return begin;
    case "sent":
      return (
        (await watchUnlessOver({ ...move, isHere: move.url === url }, { pombo, context })) ?? begin
      );
  }
}

/**
 * A file is not sent twice by accident. Undefined when it went to another Pombo.
 *
 * @throws Stopped
 */
async function watchUnlessOver(
  { batchId, isHere }: { readonly batchId: string; readonly isHere: boolean },
  { pombo, context }: BulkDeps,
): Promise<Plan | undefined> {
  const status = await statusOf(batchId, pombo);
  if (status === undefined && !isHere) return undefined;
  if (status === undefined || isOver({ status }))
    throw new Stopped(
      `This file was sent already, as ${batchId} (${status ?? "no longer kept"}): --again sends it once more.`,
      EXIT.usage,
    );
  context.terminal.tell(`This file was sent already, as ${batchId}: watching it.`);
  return { kind: "watch", batchId };
}

async function statusOf(id: string, pombo: Pombo): Promise<Batch["status"] | undefined> {
  try {
    return (await pombo.getBatch({ id })).status;
  } catch (error) {
    if (error instanceof PomboError && error.code === "BATCH_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Shows what would be sent, and asks. @throws Stopped */
async function agree(sending: Sending, { pombo, context }: BulkDeps): Promise<void> {
  const { settings, file } = sending;
  const { accepted, complete } = await showPreview(sending, pombo, context);
  const from = settings.from ?? "the device that it names";
  const says = complete
    ? `Send ${grouped(accepted)} messages from ${from}?`
    : `Send a message for each row of ${basename(file.path)} from ${from}?`;
  await confirm({ says, yes: false, signal: context.interrupts.signal }, context.terminal);
}

function acceptance({ batch_id: id, ...counts }: AcceptedBatch): string {
  const names = ["accepted", "invalid", "duplicate", "suppressed"] as const;
  const told = names.filter((name) => name === "accepted" || counts[name] > 0);
  return `${id}: ${told.map((name) => `${grouped(counts[name])} ${name}`).join(", ")}`;
}

async function reportRefused(
  { batch_id: id, invalid, duplicate, suppressed }: AcceptedBatch,
  path: string,
  { pombo, context }: BulkDeps,
): Promise<void> {
  if (invalid + duplicate + suppressed === 0) return;
  const file = `${path}.errors.csv`;
  await saveErrors(pombo, id, file);
  context.terminal.tell(`Why rows were not accepted: ${file}`);
}

interface WatchNames extends OutputOptions {
  readonly resultsFile: string;
}

function namesOf({ file, json, results }: Sending): WatchNames {
  return { json, results, resultsFile: results ?? `${file.path}.results.csv` };
}

async function resumeBatch(
  id: string,
  { json, results }: OutputOptions,
  deps: BulkDeps,
): Promise<ExitCode> {
  const { status } = await deps.pombo.getBatch({ id });
  if (status === "paused") {
    await deps.pombo.resumeBatch({ id });
    deps.context.terminal.tell("It was paused, and goes on.");
  }
  const resultsFile = results ?? join(deps.context.folder, `${id}.results.csv`);
  return await watchToEnd(id, { json, results, resultsFile }, deps);
}

async function watchToEnd(id: string, names: WatchNames, deps: BulkDeps): Promise<ExitCode> {
  const { pombo, context } = deps;
  const watched = await watchBatch({ id, pombo, context });
  await saveResults(pombo, id, names.resultsFile);
  // The last receipts may have come meanwhile.
  const batch: Batch = await pombo.getBatch({ id });
  context.terminal.print(names.json ? JSON.stringify(batch) : summary(batch));
  context.terminal.tell(`What became of each row: ${names.resultsFile}`);
  return isAllWell({ ...batch, status: watched.status }) ? EXIT.done : EXIT.failed;
}
