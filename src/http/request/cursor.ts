import type { Place } from '../../store/store.ts';
import type { HttpContext } from '../router.ts';

/**
 * The parts of a cursor of each list: the place of the last item of a page. A place goes by what never changes of the
 * item, so that the next page is right though items have come and gone, the last one too.
 */
const CURSORS = {
  jobs: ['text'],
  'runs of a job': ['integer'],
  runs: ['integer', 'text', 'integer'],
  incidents: ['integer', 'text'],
  deliveries: ['integer', 'text'],
  slots: ['text', 'integer'],
  audit: ['integer', 'text'],
} as const;

export type CursorOf = keyof typeof CURSORS;

type ValuesOf<Parts extends readonly string[]> = {
  -readonly [Index in keyof Parts]: Parts[Index] extends 'text' ? string : number;
};

/** The place that a cursor of a list names. */
export type CursorPlace<Of extends CursorOf> = ValuesOf<(typeof CURSORS)[Of]>;

/** Writes a place as a text that clients hand back and need not understand. */
export function cursorText<Of extends CursorOf>(of: Of, place: CursorPlace<Of>): string {
  return Buffer.from(JSON.stringify([of, ...(place as readonly unknown[])])).toString('base64url');
}

/** Reads the text of a cursor; undefined where it is none of this list. */
export function readCursor<Of extends CursorOf>(of: Of, text: string): CursorPlace<Of> | undefined {
  const [name, ...place] = arrayOf(text);
  const parts: readonly string[] = CURSORS[of];
  const isPlace =
    name === of &&
    place.length === parts.length &&
    place.every((value, index) =>
      parts[index] === 'text' ? typeof value === 'string' : Number.isSafeInteger(value),
    );
  return isPlace ? (place as CursorPlace<Of>) : undefined;
}

function arrayOf(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/**
 * Says in a `Link` header where the next page is (RFC 8288), with the filters of this one.
 * @param cursor where the next page begins; null where there is none
 * @param instants the instants that the query named by how long ago they were, because the next page is asked for later
 */
export function linkNext(
  ctx: HttpContext,
  cursor: string | null,
  instants: Readonly<Record<string, number | undefined>> = {},
): void {
  if (cursor === null) return;
  const query = new URLSearchParams(ctx.querystring);
  query.delete('skip');
  for (const [key, at] of Object.entries(instants)) {
    const date = new Date(at ?? NaN);
    // What no calendar has selects everything or nothing, later as well as now.
    if (!Number.isNaN(date.getTime())) query.set(key, date.toISOString());
  }
  query.set('cursor', cursor);
  ctx.set('Link', `<${ctx.state.basePath}${ctx.path}?${query.toString()}>; rel="next"`);
}

/** Returns the place that a cursor of a list by instants and ids names; undefined for the first page. */
export function placeIn(cursor: [at: number, id: string] | undefined): Place | undefined {
  return cursor === undefined ? undefined : { at: cursor[0], id: cursor[1] };
}

/** Returns the cursor behind the last item of a page that is full; null behind the last page. */
export function cursorBehind<T>(
  items: readonly T[],
  limit: number,
  cursorOf: (item: T) => string,
): string | null {
  const last = items.at(-1);
  return last === undefined || items.length < limit ? null : cursorOf(last);
}
