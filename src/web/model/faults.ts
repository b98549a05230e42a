import type { Fault } from '../../cli/api-types.ts';
import { grouped } from './grouped.ts';

/** A lint, and all places that it was found at. */
export interface LintAtPlaces {
  code: string;
  severity: 'warning' | 'note';
  message: string;
  places: readonly Fault[];
}

/** Returns each lint once, with all places that it was found at: warnings first, and else in the order of the places. */
export function lintsWithPlaces(lints: readonly Fault[]): LintAtPlaces[] {
  const found = [...grouped(lints.filter(isFault), sayingOf).values()].map((places) => {
    const { code, severity = 'warning', message } = places[0]!;
    return { code, severity, message, places };
  });
  return [
    ...found.filter(({ severity }) => severity === 'warning'),
    ...found.filter(({ severity }) => severity === 'note'),
  ];
}

/** Returns what an answer says of faults that it does not name, such as `and 90 more`; null where it names all. */
export function othersText(faults: readonly Fault[]): string | null {
  return faults.find((fault) => !isFault(fault))?.message ?? null;
}

/** Returns the number of faults, such as `3` or `more than 100`. */
export function countText(faults: readonly Fault[]): string {
  const count = faults.filter(isFault).length;
  return count === faults.length ? String(count) : `more than ${count}`;
}

/** Returns the file, the line and the column of a fault; an empty text for one without a place. */
export function placeOf({ file, line, column }: Fault): string {
  return joined(file, line, column);
}

function joined(...parts: readonly (string | number | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(':');
}

/** Returns the place of a lint in few characters: the name of the file without its folder, and the line. */
export function shortPlaceOf({ file, line }: Fault): string {
  return joined(file?.replace(/^.*\//, ''), line);
}

function sayingOf({ code, severity, message }: Fault): string {
  return JSON.stringify([code, severity, message]);
}

/** The last entry of a long list only counts those that the answer leaves out. */
function isFault({ code }: Fault): boolean {
  return code !== 'more';
}
