import { join, resolve } from "node:path";
import { createPombo, type Pombo } from "@pombo/sdk";
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
const RETRY = { attempts: 40, capMs: 15_000, longestWaitMs: 300_000 };

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
  --yes                     ask nothing, preview nothing
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
    const { url, key } = await findPombo(values, environment);
    const pombo = createPombo({ url, key, retry: RETRY });
    const results = values.results === undefined ? undefined : resolve(folder, values.results);
    if (name === undefined) return await resumeBatch(resume ?? "", { pombo, context, ...values, results });
    const file = await readUploadFile(resolve(folder, name));
    const settings = await readSettings(values, folder);
    return await sendFile({ ...values, file, settings, url, results }, { pombo, context });
  },
});
