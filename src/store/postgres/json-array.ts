/** The number that PostgreSQL gives the type `json`. */
const JSON_TYPE = 114;
/** Before the elements: how many dimensions, whether one is null, the type, how many there are, and from where they count. */
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;

/**
 * Returns texts of JSON as a `json[]` in the form in which PostgreSQL itself sends one. As a text, which is what the
 * driver makes of a list, each quotation mark in it would be escaped once more, and a configuration of 100,000 jobs has a
 * million of them.
 */
export function jsonArray(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const array = Buffer.allocUnsafe(
    HEAD_BYTES + lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, 0),
  );
  let at = 0;
  for (const word of [1, 0, JSON_TYPE, texts.length, 1]) at = array.writeInt32BE(word, at);
  for (const [index, text] of texts.entries()) {
    at = array.writeInt32BE(lengths[index]!, at);
    at += array.write(text, at);
  }
  return array;
}
