import type { ErrorCode } from "./catalog.ts";

/**
 * Why something did not work, as a value. `detail` is ours and safe to show (no personal data, no foreign text);
 * `cause` keeps the original for the log.
 */
export interface Failure {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly cause?: unknown;
  /** The time, in ms since the epoch, before which a new try is useless, where the other side named one. */
  readonly notBefore?: number;
}
