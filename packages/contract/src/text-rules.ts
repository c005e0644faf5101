/** Counts Unicode code points of a well-formed text. */
export function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0xdc00 || unit > 0xdfff) count += 1;
  }
  return count;
}

/** True for a text of `least` to `most` code points. A code point is one or two units long, so that most texts need no counting. */
export function hasLength(text: string, [least, most]: readonly [number, number]): boolean {
  if (text.length < least) return false;
  if (text.length <= most && least <= 1) return true;
  const count = codePoints(text);
  return count >= least && count <= most;
}

/** Text that every layer can carry: well-formed UTF-16 without NUL. */
export function isCarriable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** Whole groups of four, padded. It looks for what is wrong, since a pattern for all of it runs out of stack over a few megabytes. */
export function isBase64(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const wrong = /[^A-Za-z0-9+/]/.exec(padding === 0 ? text : text.slice(0, -padding));
  return text.length % 4 === 0 && wrong === null;
}

/** The length of a well-formed text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) bytes += 1;
    else if (point < 0x800) bytes += 2;
    else bytes += point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
