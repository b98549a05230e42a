/**
 * Cuts `text` until the result of `write` measures at most `sizeMax`, because escaping makes texts longer.
 * @param cut shortens the text to a number of UTF-16 units
 * @param sizeOf UTF-16 units by default
 */
export function fit(
  text: string,
  sizeMax: number,
  write: (text: string) => string,
  cut: (text: string, lengthMax: number) => string,
  sizeOf: (written: string) => number = (written) => written.length,
): string {
  const whole = write(text);
  if (sizeOf(whole) <= sizeMax) return whole;
  let low = 1;
  let high = Math.min(text.length, sizeMax);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sizeOf(write(cut(text, middle))) <= sizeMax) low = middle;
    else high = middle - 1;
  }
  return write(cut(text, low));
}

/** Returns the text, or an ellipsis and its end: at most `lengthMax` UTF-16 units, with no character cut in two. */
export function keepEnd(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `…${text.slice(1 - lengthMax).replace(/^[\udc00-\udfff]/, '')}`;
}

/** Returns the length of a text in bytes of UTF-8. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}
