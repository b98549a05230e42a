/**
 * Returns the end of a text that takes at most so many bytes in UTF-8. It never starts inside a character.
 * @param bytesMax 0 or more
 */
export function endWithin(text: string, bytesMax: number): string {
  let from = text.length;
  for (let bytes = 0; from > 0;) {
    const isPair = from > 1 && isLow(text.charCodeAt(from - 1)) && isHigh(text.charCodeAt(from - 2));
    bytes += isPair ? 4 : bytesOf(text.charCodeAt(from - 1));
    if (bytes > bytesMax) break;
    from -= isPair ? 2 : 1;
  }
  return text.slice(from);
}

function bytesOf(unit: number): number {
  if (unit < 0x80) return 1;
  return unit < 0x800 ? 2 : 3;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
