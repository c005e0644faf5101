import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { BatchErrorPageBody, BatchRowPageBody } from "@pombo/contract";
import type { BatchError } from "@pombo/domain";
import type { BatchRecord, Ledger } from "@pombo/ledger";
import { json, refuse } from "../answer.ts";
import { type BatchRow, batchRows } from "../batch-rows.ts";
import type { Handler } from "../bind-route.ts";
import { csvLine } from "../csv-line.ts";
import { chatJid } from "../render-message.ts";
import { noBatch, visibleBatch } from "./batches.ts";

export interface BatchRowsDeps {
  readonly ledger: Pick<Ledger, "batchErrors" | "findBatch" | "messageHeads" | "readChunk">;
}

/** Chunks that one request looks at. */
const MOST_CHUNKS = 20;

/** `GET /v1/batches/:id/messages` */
export function listBatchMessages({ ledger }: BatchRowsDeps): Handler<"listBatchMessages"> {
  return async ({ params, query, caller }) => {
    const batch = await visibleBatch(params.id, caller, ledger);
    if (batch === undefined) return refuse(noBatch);
    const limit = Math.max(1, query.limit ?? 100);
    const found: BatchRow[] = [];
    let looked = 0;
    let last = query.cursor ?? 0;
    for await (const chunk of batchRows(batch, last, ledger)) {
      for (const row of chunk) {
        last = row.row;
        if (query.status === undefined || row.status === query.status) found.push(row);
        if (found.length === limit) return json(200, rowPage(found, last));
      }
      looked += 1;
      if (looked === MOST_CHUNKS) return json(200, rowPage(found, last));
    }
    return json(200, rowPage(found));
  };
}

function rowPage(rows: readonly BatchRow[], next?: number): BatchRowPageBody {
  return {
    success: true,
    messages: rows.map((row) => ({
      row: row.row,
      message_id: row.messageId,
      status: row.status,
      device_id: row.deviceId ?? null,
      chat_jid: chatJid(row.recipient),
      client_ref: row.clientRef ?? null,
      error_code: row.code ?? null,
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

function renderError(error: BatchError): BatchErrorPageBody["errors"][number] {
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
] as const;

/** `GET /v1/batches/:id/results.csv`: as fast as the client takes it. */
export function getBatchResults({ ledger }: BatchRowsDeps): Handler<"getBatchResults"> {
  return async ({ params, caller, client }) => {
    const batch = await visibleBatch(params.id, caller, ledger);
    if (batch === undefined) return refuse(noBatch);
    return {
      kind: "stream",
      headers: {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="${batch.id}.csv"`,
      },
      run: (res) => writeResults(res, { batch, ledger, stop: client.stop }),
    };
  };
}

async function writeResults(
  res: ServerResponse,
  {
    batch,
    ledger,
    stop,
  }: {
    readonly batch: BatchRecord;
    readonly ledger: BatchRowsDeps["ledger"];
    readonly stop: AbortSignal;
  },
): Promise<void> {
  try {
    res.write(csvLine(RESULT_COLUMNS));
    for await (const rows of batchRows(batch, 0, ledger)) {
      stop.throwIfAborted();
      const taken = res.write(rows.map(resultLine).join(""));
      if (!taken) await once(res, "drain", { signal: stop });
    }
    res.end();
  } catch {
    // Half a file must not look like a whole one.
    res.destroy();
  }
}

function resultLine(row: BatchRow): string {
  return csvLine([
    row.row,
    row.messageId,
    row.recipient,
    row.clientRef,
    row.status,
    row.code,
    row.deviceId,
  ]);
}
