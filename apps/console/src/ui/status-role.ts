/** What a colour says: whether you are needed. Icon and word say what it is. */
export type Role = "neutral" | "moving" | "waiting" | "needs-you";

export type Glyph =
  | "circle"
  | "dot"
  | "check"
  | "double-check"
  | "filled-double-check"
  | "triangle"
  | "question"
  | "square";

interface Look {
  readonly role: Role;
  readonly glyph: Glyph;
  readonly word: string;
}

/** Every state of a message, a device, a batch, a key, a webhook and a delivery. */
const LOOKS: Readonly<Record<string, Look>> = {
  scheduled: { role: "neutral", glyph: "circle", word: "Scheduled" },
  queued: { role: "neutral", glyph: "circle", word: "Queued" },
  canceled: { role: "neutral", glyph: "circle", word: "Canceled" },
  expired: { role: "neutral", glyph: "circle", word: "Expired" },
  created: { role: "neutral", glyph: "circle", word: "Created" },
  sending: { role: "moving", glyph: "dot", word: "Sending" },
  sent: { role: "moving", glyph: "check", word: "Sent" },
  delivered: { role: "moving", glyph: "double-check", word: "Delivered" },
  read: { role: "moving", glyph: "filled-double-check", word: "Read" },
  played: { role: "moving", glyph: "filled-double-check", word: "Played" },
  unknown: { role: "waiting", glyph: "question", word: "Unknown" },
  failed: { role: "needs-you", glyph: "square", word: "Failed" },
  // Devices
  pairing: { role: "waiting", glyph: "triangle", word: "Pairing" },
  connecting: { role: "moving", glyph: "dot", word: "Connecting" },
  connected: { role: "moving", glyph: "dot", word: "Connected" },
  restricted: { role: "waiting", glyph: "triangle", word: "Restricted" },
  disconnected: { role: "waiting", glyph: "triangle", word: "Disconnected" },
  blocked: { role: "needs-you", glyph: "square", word: "Blocked" },
  logged_out: { role: "needs-you", glyph: "square", word: "Logged out" },
  unexplained: { role: "needs-you", glyph: "square", word: "Unexplained" },
  // Batches
  receiving: { role: "moving", glyph: "dot", word: "Receiving" },
  ready: { role: "neutral", glyph: "circle", word: "Ready" },
  running: { role: "moving", glyph: "dot", word: "Running" },
  paused: { role: "waiting", glyph: "triangle", word: "Paused" },
  completed: { role: "moving", glyph: "check", word: "Completed" },
  abandoned: { role: "neutral", glyph: "circle", word: "Abandoned" },
  // Keys, webhooks, deliveries
  active: { role: "moving", glyph: "dot", word: "Active" },
  revoked: { role: "neutral", glyph: "circle", word: "Revoked" },
  enabled: { role: "moving", glyph: "dot", word: "Enabled" },
  disabled: { role: "needs-you", glyph: "square", word: "Disabled" },
  pending: { role: "neutral", glyph: "circle", word: "Pending" },
  parked: { role: "needs-you", glyph: "square", word: "Parked" },
};

/** An unknown state is shown as it is called: the server may be newer than this page. */
export function lookOf(status: string): Look {
  const known = Object.hasOwn(LOOKS, status) ? LOOKS[status] : undefined;
  return known ?? { role: "neutral", glyph: "circle", word: wordOf(status) };
}

export function wordOf(code: string): string {
  const text = code.replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}
