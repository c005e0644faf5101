/** Characters of an answer that are kept. */
const MOST = 200;

/** The beginning of an answer on one line, for people; undefined when there are no words in it. */
export function excerptOf(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes);
  // What is cut in the middle of a character ends in a replacement.
  const line = text.replaceAll(/[\p{C}\p{Z}\uFFFD]+/gu, " ").trim();
  return line === "" ? undefined : Array.from(line).slice(0, MOST).join("");
}
