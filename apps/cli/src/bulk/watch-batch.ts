import { setTimeout as pause } from "node:timers/promises";
import { type Pombo, PomboError } from "@pombo/sdk";
import type { Context } from "../command/context.ts";
import { EXIT } from "../command/exit-code.ts";
import { Stopped } from "../command/stopped.ts";
import { type Batch, isOver, plainLine, progressLine } from "./batch-view.ts";

const LOOK_MS = 1_000;
/** Where the line can't change in place. */
const PLAIN_LINE_MS = 10_000;

export interface Watching {
  readonly id: string;
  readonly pombo: Pombo;
  readonly context: Context;
}

/**
 * Shows a batch until it is over. Ctrl-C asks what is wanted:
 *
 *   watching ── Ctrl-C ──► asking ── pause · leave ──► over for this command
 *      ▲                     │ cancel · go on            (nobody to ask, or Ctrl-C again: leave)
 *      └─────────────────────┘
 *
 * @throws Stopped when the command ends before the batch
 */
export async function watchBatch(watching: Watching): Promise<Batch> {
  const { context } = watching;
  const presses = openPresses();
  using _taking = context.interrupts.take(() => presses.press());
  const show = openDisplay(context);
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const batch = await look(watching);
    if (batch !== undefined) {
      if (isOver(batch)) {
        show.close(batch);
        return batch;
      }
      show.draw(batch);
    }
    // oxlint-disable-next-line no-await-in-loop
    await Promise.race([pause(LOOK_MS), presses.next()]);
    // oxlint-disable-next-line no-await-in-loop
    if (presses.take()) await askWhatNow(watching, presses);
  }
}

/** Undefined while Pombo is away: the batch goes on without us. */
async function look({ id, pombo, context }: Watching): Promise<Batch | undefined> {
  try {
    return await pombo.getBatch({ id });
  } catch (error) {
    if (!(error instanceof PomboError) || error.class !== "transient") throw error;
    context.terminal.show(() => "Pombo can't be reached at the moment; the batch is safe there …");
    return undefined;
  }
}

interface Display {
  draw(batch: Batch): void;
  close(batch: Batch): void;
}

function openDisplay({ terminal }: Context): Display {
  let toldAt = -Infinity;
  let told = "";
  return {
    draw(batch) {
      const now = Date.now();
      if (terminal.isLive) return terminal.show((columns) => progressLine(batch, columns, now));
      if (batch.status === told && performance.now() - toldAt < PLAIN_LINE_MS) return;
      toldAt = performance.now();
      told = batch.status;
      terminal.tell(plainLine(batch, now));
    },
    close(batch) {
      terminal.clear();
      if (!terminal.isLive) terminal.tell(plainLine(batch, Date.now()));
    },
  };
}

interface Presses {
  press(): void;
  /** Resolves at the next press, or at once when one was not taken yet. */
  next(): Promise<void>;
  take(): boolean;
}

function openPresses(): Presses {
  let isPressed = false;
  let wake = Promise.withResolvers<void>();
  return {
    press() {
      isPressed = true;
      wake.resolve();
    },
    next: () => wake.promise,
    take() {
      const was = isPressed;
      isPressed = false;
      wake = Promise.withResolvers<void>();
      return was;
    },
  };
}

const QUESTION =
  "Pause the batch (p), leave it running (l), cancel what has not left (c), or go on watching (Return)? ";

/** @throws Stopped when it is paused or left */
async function askWhatNow(watching: Watching, presses: Presses): Promise<void> {
  const { id, pombo, context } = watching;
  const { terminal } = context;
  terminal.clear();
  if (!terminal.isInteractive) throw left(id);
  const again = new AbortController();
  void presses.next().then(() => again.abort());
  terminal.tell("");
  const answer = await terminal.ask(QUESTION, again.signal);
  const isPressed = presses.take();
  if (answer === undefined || isPressed) throw left(id);
  switch (answer.trim().toLowerCase()) {
    case "p":
      await pombo.pauseBatch({ id });
      throw new Stopped(`Paused. pombo bulk --resume ${id} goes on.`, EXIT.pending);
    case "l":
      throw left(id);
    case "c":
      await pombo.cancelBatch({ id });
      terminal.tell("Canceled: what has not left never will.");
  }
}

function left(id: string): Stopped {
  return new Stopped(
    `Left: the batch goes on. pombo bulk --resume ${id} watches it again.`,
    EXIT.pending,
  );
}
