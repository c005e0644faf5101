/** Every bound of the simulator in one table; `openSimulator` takes overrides (tests shorten the times). */
export const defaultLimits = {
  /** Bytes of one frame before the handshake has ended. */
  handshakeFrameBytes: 64 * 1024,
  /** Bytes of one frame of a connection that speaks Noise (812 prekeys are about 46 KB). */
  frameBytes: 4 * 1024 * 1024,
  /** Bytes of one compressed node after inflation. */
  inflatedBytes: 8 * 1024 * 1024,
  /** Time from the socket's opening to the end of the handshake. */
  handshakeMs: 10_000,
  connections: 12_000,
  framesPerSecond: 10_000,
  bytesPerSecond: 64 * 1024 * 1024,
  /** Frames read but not yet handled, after which the socket is paused. */
  framesInHand: 256,
  /** Bytes written but not taken by a slow reader. */
  bytesUnsent: 64 * 1024 * 1024,
  offlineStanzas: 20_000,
  inboxRows: 5_000,
  retriesPerMessage: 5,
  logEntries: 50_000,
  /** Message ids remembered to count distinct ones. */
  distinctIds: 200_000,
  faults: 1_000,
  httpBodyBytes: 256 * 1024,
  httpHeaderMs: 10_000,
  textChars: 65_536,
  /** Bytes of one medium on the media host, and of all that it keeps. */
  mediaBytes: 256 * 1024 * 1024,
  mediaBytesKept: 4 * 1024 * 1024 * 1024,
  /** Time one upload to the media host may take. */
  mediaUploadMs: 300_000,
  /** A body of the control API that may carry media. */
  mediaBodyBytes: 96 * 1024 * 1024,
  groupMembers: 1_024,
  groups: 10_000,
  /** Messages in one answer to a request for history. */
  historyMessages: 500,
  /** Time a scanned or entered pairing may take until the client has signed. */
  pairingMs: 15_000,
  /** How long an entered code waits for a client that has yet to ask: clients do not wait for the server's answer. */
  codeGraceMs: 1_000,
  qrRefs: 6,
  /** Companion ids are one byte on the wire, 99 means hosted. */
  companionIds: 98,
  preKeysPerDevice: 10_000,
  /** Below this stock the server asks for more; Baileys tops up under 5. */
  preKeysLow: 5,
} as const satisfies Record<string, number>;

export type Limits = { readonly [K in keyof typeof defaultLimits]: number };
