/** RFC 3339 UTC to the second, as the document of the dialect shows times. */
export function second(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}
