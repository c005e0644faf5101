import type { Settings } from "@pombo/domain";
import type { WASocket } from "@whiskeysockets/baileys";
import type { OwnEnding } from "./disconnect-table.ts";

/**
 * Ends a connection that hangs, which Baileys does late or not at all: one that nobody answers, one that never opens, one whose peer is silent (Baileys
 * looks once per keep-alive and then waits for the dead peer's farewell), one whose closing handshake gets no answer.
 */
export interface Watchdog {
  /** Something has to happen by itself now: give it as long as an opening. */
  readonly expectOpening: () => void;
  /** Nothing has to happen soon: somebody must scan a code, or the connection is open. */
  readonly relax: () => void;
  readonly close: () => void;
}

export interface WatchdogConfig {
  readonly settings: Settings;
  readonly isOpen: () => boolean;
  readonly cut: (why: OwnEnding) => void;
}

const TICK_MS = 1_000;
const CLOSING_MS = 1_000;
/** From the first packet to the server's first word. */
const CONNECTING_MS = 20_000;
const LONGEST_SLACK_MS = 4_000;

export function openWatchdog(wa: WASocket, { settings, isOpen, cut }: WatchdogConfig): Watchdog {
  const silenceMs = settings.keep_alive_ms + Math.min(settings.keep_alive_ms, LONGEST_SLACK_MS);
  const beganAt = Date.now();
  let lastFrameAt = 0;
  let closingSince = 0;
  let openTimer: NodeJS.Timeout | undefined;
  const relax = (): void => clearTimeout(openTimer);
  const expectOpening = (): void => {
    relax();
    openTimer = setTimeout(() => cut("open_timeout"), settings.open_timeout_ms);
  };
  const tick = setInterval(() => {
    const now = Date.now();
    if (closingSince === 0 && wa.ws.isClosing) closingSince = now;
    if (closingSince > 0 && now - closingSince >= CLOSING_MS) terminate(wa);
    if (lastFrameAt === 0 && now - beganAt >= CONNECTING_MS) cut("open_timeout");
    if (isOpen() && now - lastFrameAt > silenceMs) cut("connection_lost");
  }, TICK_MS);
  wa.ws.on("frame", () => {
    lastFrameAt = Date.now();
  });
  expectOpening();
  return {
    expectOpening,
    relax,
    close: () => {
      relax();
      clearInterval(tick);
    },
  };
}

/** Ends the TCP connection without a word; Baileys keeps its WebSocket to itself. */
export function terminate(wa: WASocket): void {
  const { socket } = wa.ws as unknown as { socket: { terminate(): void } | null };
  socket?.terminate();
}
