import type { Statement } from './statement.ts';

/** The types of elements that are sent in binary form, with the numbers by which every PostgreSQL knows them. */
const TYPES = {
  boolean: 16,
  bytea: 17,
  bigint: 20,
  integer: 23,
  text: 25,
  json: 114,
} as const;
type ElementType = keyof typeof TYPES;

const DECLARED = new RegExp(`\\$(\\d+)::(${Object.keys(TYPES).join('|')})\\[\\]`, 'g');
const HEAD_BYTES = 12;
const DIMENSION_BYTES = 8;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;
const INTEGER_MAX = 2 ** 31 - 1;
const HALF = 2 ** 32;

/** The types of the parameters of each statement that are arrays, by their places. */
const typesOf = new WeakMap<Statement, readonly (ElementType | undefined)[]>();

/**
 * Returns the values of a statement as they are sent. Arrays of a declared type (`$1::text[]`) go in binary form. As a
 * text, each element would be escaped here and read character by character there. Records are full of quotation marks,
 * so that would take more of an instance than to make the records.
 */
export function boundValues(statement: Statement, values: readonly unknown[]): unknown[] {
  const types = arrayTypesOf(statement);
  return values.map((value, index) => {
    const type = types[index];
    if (type === undefined || !Array.isArray(value)) return value;
    return binaryArray(type, value) ?? value;
  });
}

function arrayTypesOf(statement: Statement): readonly (ElementType | undefined)[] {
  let types = typesOf.get(statement);
  if (types === undefined) {
    const found: (ElementType | undefined)[] = [];
    for (const [, place, type] of statement.text.matchAll(DECLARED))
      found[Number(place) - 1] = type as ElementType;
    types = found;
    typesOf.set(statement, types);
  }
  return types;
}

/**
 * Returns an array of one dimension in binary form; null where an element is none of its type. Then the array goes as a
 * text, and the database says what is wrong with it.
 */
function binaryArray(type: ElementType, elements: readonly unknown[]): Buffer | null {
  let bytes = HEAD_BYTES + DIMENSION_BYTES;
  let hasNulls = false;
  // An iterator would be asked for each of many thousand elements.
  for (let index = 0; index < elements.length; index += 1) {
    const element = elements[index];
    bytes += LENGTH_BYTES;
    if (element === null) {
      hasNulls = true;
      continue;
    }
    const length = lengthOf(type, element);
    if (length === null) return null;
    bytes += length;
  }
  const array = Buffer.allocUnsafe(bytes);
  array.writeInt32BE(elements.length === 0 ? 0 : 1, 0);
  array.writeInt32BE(hasNulls ? 1 : 0, 4);
  array.writeInt32BE(TYPES[type], 8);
  // An empty array has no dimension.
  if (elements.length === 0) return array.subarray(0, HEAD_BYTES);
  array.writeInt32BE(elements.length, HEAD_BYTES);
  array.writeInt32BE(1, HEAD_BYTES + 4);
  let at = HEAD_BYTES + DIMENSION_BYTES;
  for (let index = 0; index < elements.length; index += 1) {
    const element = elements[index];
    const length = element === null ? 0 : writeElement(array, at + LENGTH_BYTES, element, type);
    array.writeInt32BE(element === null ? NULL_LENGTH : length, at);
    at += LENGTH_BYTES + length;
  }
  return array;
}

/** Returns how many bytes an element takes; null for one that is not of the type. */
function lengthOf(type: ElementType, element: unknown): number | null {
  switch (type) {
    case 'text':
    case 'json':
      return typeof element === 'string' ? Buffer.byteLength(element) : null;
    case 'integer':
      return Number.isInteger(element) && Math.abs(element as number) <= INTEGER_MAX ? 4 : null;
    case 'bigint':
      return Number.isSafeInteger(element) ? 8 : null;
    case 'boolean':
      return typeof element === 'boolean' ? 1 : null;
    case 'bytea':
      return Buffer.isBuffer(element) ? element.length : null;
  }
}

/** Writes an element that is of the type. Returns how many bytes it took. */
function writeElement(array: Buffer, at: number, element: unknown, type: ElementType): number {
  switch (type) {
    case 'text':
    case 'json':
      return array.write(element as string, at);
    case 'integer':
      return array.writeInt32BE(element as number, at) - at;
    case 'bigint': {
      const high = Math.floor((element as number) / HALF);
      array.writeInt32BE(high, at);
      return array.writeUInt32BE((element as number) - high * HALF, at + 4) - at;
    }
    case 'boolean':
      return array.writeUInt8(element === true ? 1 : 0, at) - at;
    case 'bytea':
      return (element as Buffer).copy(array, at);
  }
}
