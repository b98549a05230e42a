import type { LoggedEvent } from '../../core/model/event.ts';
import type { Changes, OutputRef } from '../local/changes.ts';
import { encodeJson, JSON_OFFSET } from './lines.ts';

/** One line of the journal, which is one commit. */
export interface Commit extends Changes {
  seq: number;
  /** The instant of the commit. */
  at: number;
}

/** The place of a line: its segment, by the number of the first commit, and its offset in bytes. */
export interface LinePlace {
  segment: number;
  offset: number;
}

/** A commit as a line holds it. Texts come first, so that their places follow from their lengths alone. */
interface StoredCommit extends Omit<Commit, 'events'> {
  texts?: string[];
  events: { job_id: string; event: LoggedEvent | EventWithText }[];
}

/** A ping whose output is one of the texts. */
interface EventWithText {
  type: 'ping';
  ping: { output: number };
}

const TEXTS_OFFSET = JSON_OFFSET + '{"texts":['.length;

/**
 * Encodes a commit with its outputs.
 * @param texts the texts of the outputs by run
 * @returns the line, and the changes with the places that the outputs have in it
 */
export function encodeCommit(
  commit: Commit,
  texts: ReadonlyMap<string, string>,
  place: LinePlace,
): { line: Buffer; changes: Changes } {
  const { outputs } = commit.put;
  if (outputs === undefined) return { line: encodeJson(JSON.stringify(commit)), changes: commit };
  const all = outputs.map((ref) => texts.get(ref.run_id) ?? '');
  const literals = all.map((text) => JSON.stringify(text));
  const places = placesOf(
    literals.map((literal) => Buffer.byteLength(literal)),
    place,
  );
  const refs = outputs.map((ref, index): OutputRef => ({ ...ref, place: places[index]! }));
  const stored = {
    ...commit,
    put: { ...commit.put, outputs: refs.map(({ place: at, ...ref }) => ({ ...ref, text_bytes: at!.bytes })) },
    events: withoutTexts(commit.events, all),
  };
  const json = `{"texts":[${literals.join(',')}],${JSON.stringify(stored).slice(1)}`;
  return { line: encodeJson(json), changes: { ...commit, put: { ...commit.put, outputs: refs } } };
}

/** Returns a commit as it was before it was encoded, with the places of its outputs. */
export function decodeCommit(value: unknown, place: LinePlace): Commit {
  const { texts, ...stored } = value as StoredCommit;
  if (texts === undefined) return stored as Commit;
  const refs = (stored.put.outputs ?? []) as (OutputRef & { text_bytes: number })[];
  const places = placesOf(
    refs.map((ref) => ref.text_bytes),
    place,
  );
  const outputs = refs.map(({ text_bytes: _bytes, ...ref }, index) => ({ ...ref, place: places[index]! }));
  return { ...stored, put: { ...stored.put, outputs }, events: withTexts(stored.events, texts) };
}

function placesOf(
  lengths: readonly number[],
  { segment, offset: lineOffset }: LinePlace,
): OutputRef['place'][] {
  let offset = lineOffset + TEXTS_OFFSET;
  return lengths.map((bytes) => {
    const place = { segment, offset, bytes };
    // A comma follows.
    offset += bytes + 1;
    return place;
  });
}

/** Puts the number of a text in the place of the text that a ping brought. Texts come in the order of the events. */
function withoutTexts(events: Commit['events'], texts: readonly string[]): StoredCommit['events'] {
  let next = 0;
  return events.map(({ job_id, event }) => {
    if (event.type !== 'ping' || event.ping.output === null) return { job_id, event };
    const { output } = event.ping;
    const index = texts[next] === output ? next : texts.indexOf(output);
    if (index === -1) return { job_id, event };
    next = index + 1;
    return { job_id, event: { ...event, ping: { ...event.ping, output: index } } };
  });
}

function withTexts(events: StoredCommit['events'], texts: readonly string[]): Commit['events'] {
  return events.map(({ job_id, event }) => {
    if (event.type !== 'ping' || typeof event.ping.output !== 'number')
      return { job_id, event: event as LoggedEvent };
    return {
      job_id,
      event: { ...event, ping: { ...event.ping, output: texts[event.ping.output] } } as LoggedEvent,
    };
  });
}
