/** How long a row may be. */
export interface RowLimits {
  /** A longer row is a bad one; in characters. */
  readonly rowChars: number;
  /** What is longer is no row at all, but for instance a quote that was not closed; in characters. */
  readonly recordChars: number;
}
