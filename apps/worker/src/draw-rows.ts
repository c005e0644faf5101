import {
  type BatchId,
  CHUNK_ROWS,
  type PackedRow,
  type PoolId,
  renderRows,
  rowMessageId,
  type Settings,
} from "@pombo/domain";
import type { DrawHint, Ledger, Ownership, RenderedRow } from "@pombo/ledger";

/** Makes rows of batches messages of a lane. Shared by all lanes of a process: what one has read the others need not. */
export interface Drawer {
  /** The next rows of the batch: a few of them at a time, so that batches take turns. */
  draw(own: Ownership, hint: DrawHint): Promise<"drawn" | "moved" | "fenced">;
}

export interface DrawerDeps {
  readonly ledger: Pick<Ledger, "drawRows" | "findBatch" | "readChunk">;
  readonly settings: Pick<Settings, "batch_draw_rows" | "batch_pool_draw_rows">;
  /** Redis has room for more messages. */
  readonly hasRoom: () => Promise<boolean>;
  readonly now: () => number;
}

type Rows = readonly (PackedRow | null)[];
/** What all rows of a batch share. */
interface Shared {
  readonly render: ReturnType<typeof renderRows>;
  readonly poolId?: PoolId;
}

/** Chunks, and templates, that a process keeps in memory: some 50 KB each. */
const MOST_KEPT = 64;

/**
 * One draw of a batch at a time: lanes of a pool that drew at once would mostly draw the same rows, and only one of them would be heard.
 */
export function openDrawer({ ledger, settings, hasRoom, now }: DrawerDeps): Drawer {
  const chunks = keepLatest<Rows | undefined>(MOST_KEPT);
  const batches = keepLatest<Shared | undefined>(MOST_KEPT);
  const under = new Map<BatchId, Promise<unknown>>();

  const chunkOf = ({ batchId: id, edition }: DrawHint, index: number): Promise<Rows | undefined> =>
    chunks.get(`${id} ${index} ${edition}`, () => ledger.readChunk(id, index));

  /** Settings never change while there is a batch. */
  const sharedOf = (id: BatchId): Promise<Shared | undefined> =>
    batches.get(id, async () => {
      const batch = await ledger.findBatch(id);
      if (batch === undefined) return undefined;
      const { settings: wanted, poolId } = batch;
      const render = renderRows(wanted);
      return poolId === undefined ? { render } : { render, poolId };
    });

  async function drawNow(own: Ownership, hint: DrawHint) {
    const { batchId, row: from, edition } = hint;
    const index = Math.floor((from - 1) / CHUNK_ROWS);
    const [rows, shared] = await Promise.all([chunkOf(hint, index), sharedOf(batchId)]);
    if (rows === undefined || shared === undefined) return "moved";
    const { render, ...pool } = shared;
    const taken: RenderedRow[] = [];
    const most =
      shared.poolId === undefined ? settings.batch_draw_rows : settings.batch_pool_draw_rows;
    let at = (from - 1) % CHUNK_ROWS;
    // Rows that were not accepted are passed over, up to the end of the chunk.
    for (; at < rows.length && taken.length < most; at += 1) {
      const packed = rows[at] ?? undefined;
      if (packed === undefined) continue;
      const row = index * CHUNK_ROWS + at + 1;
      taken.push({ ...packed, row, content: render(packed, rowMessageId(batchId, row)) });
    }
    const to = index * CHUNK_ROWS + at + 1;
    const draw = { batchId, from, to, rows: taken, edition, now: now() };
    return ledger.drawRows(own, { ...draw, ...pool });
  }

  return {
    async draw(own, hint) {
      const { batchId } = hint;
      const before = under.get(batchId);
      if (before !== undefined) {
        // What the hint says is not true any more when the other draw is done: whoever asks looks again.
        await before.catch(() => undefined);
        return "moved";
      }
      const drawing = hasRoom().then((room) => (room ? drawNow(own, hint) : "moved"));
      under.set(batchId, drawing);
      try {
        return await drawing;
      } finally {
        under.delete(batchId);
      }
    },
  };
}

interface Kept<Value> {
  get(name: string, make: () => Promise<Value>): Promise<Value>;
}

/** Keeps what was asked for last; what failed, or was not there, is asked for anew. */
function keepLatest<Value>(most: number): Kept<Value> {
  const kept = new Map<string, Promise<Value>>();
  return {
    async get(name, make) {
      const known = kept.get(name);
      const value = known ?? make();
      kept.delete(name);
      kept.set(name, value);
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
      try {
        const found = await value;
        if (found === undefined) kept.delete(name);
        return found;
      } catch (error) {
        kept.delete(name);
        throw error;
      }
    },
  };
}
