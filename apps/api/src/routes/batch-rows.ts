import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { BatchErrorPageBody, BatchRowPageBody } from "@pombo/contract";
import { type BatchError, CHUNK_ROWS, type MessageStatus } from "@pombo/domain";
import type { BatchRecord, BatchRow, Ledger, MessageRecord } from "@pombo/ledger";
import { instant, json, refuse } from "../answer.ts";
import type { Call, Handler, Outcome } from "../bind-route.ts";
import { csvLine } from "../csv-line.ts";
import { chatJid, deviceOf } from "../render-message.ts";
import { noBatch, visibleBatch } from "./batches.ts";

export interface BatchRowsDeps {
  readonly ledger: Pick<Ledger, "batchErrors" | "batchRows" | "findBatch">;
}

/** Pages of rows that one request looks at: with a filter most of them may be empty. */
const MOST_PAGES = 20;

/** `GET /v1/batches/:id/messages` */
export function listBatchMessages({ ledger }: BatchRowsDeps): Handler<"listBatchMessages"> {
  return async ({ params, query, caller }) => {
    const batch = await visibleBatch(params.id, caller, ledger);
    if (batch === undefined) return refuse(noBatch);
    const { rows, next } = await collectRows(
      {
        batch,
        after: query.cursor ?? 0,
        limit: Math.max(1, query.limit ?? 100),
        wanted: ({ status }) => query.status === undefined || status === query.status,
      },
      ledger,
    );
    return json(200, rowPage(rows, next));
  };
}

interface RowsAsk {
  readonly batch: BatchRecord;
  readonly after: number;
  readonly limit: number;
  readonly wanted: (message: MessageRecord) => boolean;
}

/** Looks at rows in their order until there are enough, or enough have been looked at. `next`: where to go on, absent at the end. */
export async function collectRows(
  { batch, after, limit, wanted }: RowsAsk,
  ledger: Pick<Ledger, "batchRows">,
): Promise<{ readonly rows: readonly BatchRow[]; readonly next?: number }> {
  const rows: BatchRow[] = [];
  let last = after;
  for (let looked = 0; looked < MOST_PAGES; looked += 1) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the last one ended
    const page = await ledger.batchRows(batch, { after: last, limit: CHUNK_ROWS });
    for (const found of page.rows) {
      if (wanted(found.message)) rows.push(found);
      if (rows.length === limit) return { rows, next: found.row };
    }
    if (page.next === undefined) return { rows };
    last = page.next;
  }
  return { rows, next: last };
}

function rowPage(rows: readonly BatchRow[], next: number | undefined): BatchRowPageBody {
  return {
    success: true,
    messages: rows.map(({ row, message }) => ({
      row,
      message_id: message.id,
      status: message.status,
      device_id: deviceOf(message),
      chat_jid: chatJid(message.recipient),
      client_ref: message.clientRef ?? null,
      error_code: message.lastError?.code ?? null,
    })),
    next_cursor: next === undefined ? null : String(next),
  };
}

/** `GET /v1/batches/:id/errors` */
export function listBatchErrors({ ledger }: BatchRowsDeps): Handler<"listBatchErrors"> {
  return async ({ params, query, caller }) => {
    const batch = await visibleBatch(params.id, caller, ledger);
    if (batch === undefined) return refuse(noBatch);
    const limit = Math.max(1, query.limit ?? 100);
    const after = query.cursor ?? 0;
    const found = await ledger.batchErrors(batch.id, { after, limit });
    const body: BatchErrorPageBody = {
      success: true,
      errors: found.map(renderError),
      next_cursor: found.length < limit ? null : String(after + found.length),
    };
    return json(200, body);
  };
}

export function renderError(error: BatchError): BatchErrorPageBody["errors"][number] {
  const { row, line, kind, field, value, code, message, messageId } = error;
  return {
    row,
    line,
    kind,
    field,
    value: value ?? null,
    error_code: code,
    message,
    message_id: messageId ?? null,
  };
}

const RESULT_COLUMNS = [
  "row",
  "message_id",
  "to",
  "client_ref",
  "status",
  "error_code",
  "device_id",
  "sent_at",
  "delivered_at",
  "read_at",
  "failed_at",
] as const;

const ERROR_COLUMNS = [
  "line",
  "row",
  "kind",
  "field",
  "value",
  "error_code",
  "message",
  "message_id",
] as const;

/** `GET /v1/batches/:id/results.csv` */
export function getBatchResults(deps: BatchRowsDeps): Handler<"getBatchResults"> {
  return ({ params: { id }, caller, client }) =>
    tableOf({ id, caller, client }, deps, {
      name: "",
      columns: RESULT_COLUMNS,
      lines: resultLines,
    });
}

/** `GET /v1/batches/:id/errors.csv` */
export function getBatchErrors(deps: BatchRowsDeps): Handler<"getBatchErrors"> {
  return ({ params: { id }, caller, client }) =>
    tableOf({ id, caller, client }, deps, {
      name: ".errors",
      columns: ERROR_COLUMNS,
      lines: errorLines,
    });
}

interface TableAsked extends Pick<Call<"getBatchResults">, "caller" | "client"> {
  readonly id: string;
}

/** What the lines of a table of a batch are read from. */
interface TableSource {
  readonly batch: BatchRecord;
  readonly ledger: BatchRowsDeps["ledger"];
  readonly stop: AbortSignal;
}

interface Table {
  /** Of its file, behind the batch. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly lines: (source: TableSource) => AsyncIterable<string>;
}

/** A table of a batch as CSV: as fast as the client takes it. */
async function tableOf(
  { id, caller, client }: TableAsked,
  { ledger }: BatchRowsDeps,
  { name, columns, lines }: Table,
): Promise<Outcome> {
  const batch = await visibleBatch(id, caller, ledger);
  if (batch === undefined) return refuse(noBatch);
  const { stop } = client;
  return {
    kind: "stream",
    headers: {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": `attachment; filename="${batch.id}${name}.csv"`,
    },
    run: (res) => writeTable(res, { columns, lines: lines({ batch, ledger, stop }), stop }),
  };
}

async function writeTable(
  res: ServerResponse,
  {
    columns,
    lines,
    stop,
  }: {
    readonly columns: readonly string[];
    readonly lines: AsyncIterable<string>;
    readonly stop: AbortSignal;
  },
): Promise<void> {
  try {
    res.write(csvLine(columns));
    for await (const some of lines) {
      const taken = res.write(some);
      if (!taken) await once(res, "drain", { signal: stop });
    }
    res.end();
  } catch {
    // Half a file must not look like a whole one.
    res.destroy();
  }
}

async function* resultLines({ batch, ledger, stop }: TableSource): AsyncGenerator<string> {
  for (let after: number | undefined = 0; after !== undefined;) {
    stop.throwIfAborted();
    // oxlint-disable-next-line no-await-in-loop -- no more is held than one page
    const page: Awaited<ReturnType<Ledger["batchRows"]>> = await ledger.batchRows(batch, {
      after,
      limit: CHUNK_ROWS,
    });
    if (page.rows.length > 0) yield page.rows.map(resultLine).join("");
    after = page.next;
  }
}

function resultLine({ row, message }: BatchRow): string {
  const firstAt = (status: MessageStatus): string | undefined => {
    const entry = message.timeline.find((one) => one.status === status);
    return entry === undefined ? undefined : instant(entry.at);
  };
  return csvLine([
    row,
    message.id,
    message.recipient,
    message.clientRef,
    message.status,
    message.lastError?.code,
    deviceOf(message) ?? undefined,
    firstAt("sent"),
    firstAt("delivered"),
    firstAt("read"),
    message.status === "failed" ? firstAt("failed") : undefined,
  ]);
}

async function* errorLines({ batch, ledger, stop }: TableSource): AsyncGenerator<string> {
  for (let after = 0; ;) {
    stop.throwIfAborted();
    // oxlint-disable-next-line no-await-in-loop -- no more is held than one page
    const found = await ledger.batchErrors(batch.id, { after, limit: CHUNK_ROWS });
    if (found.length > 0) yield found.map(errorLine).join("");
    if (found.length < CHUNK_ROWS) return;
    after += found.length;
  }
}

function errorLine(error: BatchError): string {
  const shown = renderError(error);
  return csvLine(ERROR_COLUMNS.map((column) => textOf(shown[column])));
}

/** A wrong value may be anything that JSON can say. */
function textOf(value: unknown): string | number | undefined {
  if (value === null || value === undefined) return undefined;
  return typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
}
