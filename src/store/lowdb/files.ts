import { join } from 'node:path';
import { CronflowError } from '../../core/model/errors.ts';

/** The first line of every journal segment. It says that the file is a journal and with which commit it begins. */
export interface JournalHeader {
  cronflow: 'journal';
  schema_version: number;
  /** The sequence number of the first commit in the segment. */
  first_seq: number;
  created_at: number;
}

/** The first line of a snapshot. Its last line is a `SnapshotFooter`, without which the snapshot is not whole. */
export interface SnapshotHeader {
  cronflow: 'snapshot';
  schema_version: number;
  /** The sequence number of the last commit that the snapshot holds. */
  seq: number;
  created_at: number;
}

export interface SnapshotFooter {
  end: true;
  /** The number of records between header and footer. */
  records: number;
}

/** The segments of which an archive holds the outputs: all from one to another, by the numbers of their first commits. */
export interface Range {
  first: number;
  last: number;
}

/** The first line of an archive of outputs (`archive.ts`). */
export interface ArchiveHeader extends Range {
  cronflow: 'outputs';
  schema_version: number;
}

const NAME = /^(?:(journal|snapshot)-(\d{16})|outputs-(\d{16})-(\d{16}))\.jsonl$/;
const SEQ_DIGITS = 16;

export function journalName(firstSeq: number): string {
  return `journal-${digits(firstSeq)}.jsonl`;
}

export function snapshotName(seq: number): string {
  return `snapshot-${digits(seq)}.jsonl`;
}

export function archiveName({ first, last }: Range): string {
  return `outputs-${digits(first)}-${digits(last)}.jsonl`;
}

function digits(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, '0');
}

/** Returns the name that a file has while it is being written. A file of such a name counts for nothing. */
export function unfinishedName(name: string): string {
  return `${name}.tmp`;
}

/** Sorts the names of a data directory by kind. Sequence numbers are ascending. */
export function sortNames(names: readonly string[]): {
  journals: number[];
  snapshots: number[];
  archives: Range[];
  unfinished: string[];
} {
  const seqs = (kind: string): number[] =>
    names
      .map((name) => NAME.exec(name))
      .filter((match) => match?.[1] === kind)
      .map((match) => Number(match?.[2]))
      .sort((a, b) => a - b);
  const unfinished = names.filter((name) => name.endsWith('.tmp') && NAME.test(name.slice(0, -4)));
  const archives = names
    .map((name) => NAME.exec(name))
    .filter((match) => match?.[3] !== undefined)
    .map((match) => ({ first: Number(match?.[3]), last: Number(match?.[4]) }))
    .sort((a, b) => a.first - b.first || b.last - a.last);
  return { journals: seqs('journal'), snapshots: seqs('snapshot'), archives, unfinished };
}

/** The name of the directory in which Cronflow kept each output in a file of its own, before schema version 6. */
export const OUTPUTS = 'outputs';
const LOCK = /^lock-[0-9a-f]{16}\.sock(\.tmp)?$/;

/** Tells whether a name is one that Cronflow gives to files of a data directory. */
export function isOurs(name: string): boolean {
  return name === OUTPUTS || LOCK.test(name) || NAME.test(name.replace(/\.tmp$/, ''));
}

/**
 * Returns the error that refuses the start. It says which file is damaged, where in it, what is wrong and what can be
 * done.
 */
export function damaged(
  place: { directory: string; name: string; offset: number },
  what: string,
  recovery: string,
): CronflowError {
  const path = join(place.directory, place.name);
  return new CronflowError(
    'store_damaged',
    `${path}, byte ${place.offset}: ${what}. Nothing was changed. Copy ${place.directory} before you try anything. ${recovery}`,
  );
}

/**
 * Checks the first line of a file.
 * @throws CronflowError `store_damaged`
 */
export function checkHeader<T extends JournalHeader | SnapshotHeader>(
  place: { directory: string; name: string },
  value: unknown,
  kind: T['cronflow'],
  versionMax: number,
  recovery: string,
): T {
  const header = value as Partial<T> | null | undefined;
  const at = { ...place, offset: 0 };
  if (header?.cronflow !== kind || typeof header.schema_version !== 'number')
    throw damaged(at, `this is not the header of a Cronflow ${kind}`, recovery);
  if (header.schema_version > versionMax)
    throw damaged(
      at,
      `it has schema_version ${header.schema_version}, this Cronflow knows at most ${versionMax}`,
      'Start the version of Cronflow that wrote it, or a newer one.',
    );
  return header as T;
}
