import { join } from 'node:path';
import { systemClock } from '../../clock.ts';
import { CronflowError, errorText } from '../../core/model/errors.ts';
import type { DumpSource, Imported } from '../offline.ts';
import { type Changes, type OutputRef, outputRefOf, TABLE_NAMES, type TableName } from '../local/changes.ts';
import { Tables } from '../local/tables.ts';
import type { Output } from '../store.ts';
import { ArchiveWriter } from './archive.ts';
import { writeBase } from './base.ts';
import { takeDirectory } from './directory.ts';
import { type Disk, realDisk } from './disk.ts';
import type { DumpedOutput, DumpFooter, DumpHeader } from './dump.ts';
import { journalName, sortNames } from './files.ts';
import { readLines } from './lines.ts';
import { acquireLock, type Lock } from './lock.ts';
import { migrate, MIGRATIONS, schemaVersion } from './migrations.ts';

export interface ImportOptions extends DumpSource {
  directory: string;
  disk?: Disk;
  lock?: (directory: string) => Promise<Lock>;
}

/** The number of the commit with which an imported store begins. */
const SEQ = 1;
/** This many records are put into the tables at a time. */
const BATCH = 500;

/**
 * Makes a store from a dump, in a directory that holds none. The store is there once its snapshot has its name, which
 * is the last step. So a failed import leaves a directory into which one can import again.
 * @throws CronflowError `invalid` for a directory that is not empty, and for a dump that does not check out, with the
 * number of its line; `store_locked`
 */
export async function importDump(options: ImportOptions): Promise<Imported> {
  const { directory, disk = realDisk, nowAt, lock = (path) => acquireLock(path, systemClock) } = options;
  await takeDirectory(disk, directory);
  const held = await lock(directory);
  try {
    await expectEmpty(disk, directory);
    const outputs = new ImportedOutputs(disk, directory);
    const reading = new Reading(options.name, outputs);
    try {
      for await (const line of options.lines) await reading.line(line);
      const imported = await reading.end();
      await outputs.finish();
      const header = { schema_version: schemaVersion(MIGRATIONS), seq: SEQ, created_at: nowAt };
      await writeBase(disk, directory, header, reading.tables);
      return imported;
    } catch (error) {
      await outputs.abandon();
      throw error;
    }
  } finally {
    await held.release();
  }
}

/** Writes the outputs of a dump into an archive, as if they came out of a segment with the commit that is imported. */
class ImportedOutputs {
  readonly #disk: Disk;
  readonly #directory: string;
  #writer: ArchiveWriter | null = null;
  #offset = 0;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  /** Writes an output and returns the record of it. */
  async add(jobId: string, runId: string, output: Output): Promise<OutputRef> {
    const range = { first: SEQ, last: SEQ };
    const options = { range, schemaVersion: schemaVersion(MIGRATIONS) };
    this.#writer ??= await ArchiveWriter.begin(this.#disk, this.#directory, options);
    const json = Buffer.from(JSON.stringify(output.text));
    const place = { segment: SEQ, offset: this.#offset, bytes: json.length };
    this.#offset += json.length;
    await this.#writer.add(place, json);
    return { ...outputRefOf(jobId, runId, output), place };
  }

  async finish(): Promise<void> {
    await this.#writer?.finish();
    this.#writer = null;
  }

  async abandon(): Promise<void> {
    await this.#writer?.abandon();
  }
}

/**
 * Refuses a directory that holds data.
 * @throws CronflowError `invalid`
 */
async function expectEmpty(disk: Disk, directory: string): Promise<void> {
  const { journals, snapshots } = sortNames(await disk.list(directory));
  if (snapshots.length === 0 && (journals.length === 0 || (await isCutShort(disk, directory, journals))))
    return;
  throw new CronflowError(
    'invalid',
    `${directory} holds data already, and an import never mixes two stores. Name a directory that does not exist, ` +
      'or is empty, with --data-dir DIR or CRONFLOW_DATA_DIR.',
  );
}

/** Tells whether an import ended before its snapshot had a name. Such an import left a segment without a commit. */
async function isCutShort(disk: Disk, directory: string, journals: readonly number[]): Promise<boolean> {
  if (journals.length !== 1 || journals[0] !== SEQ + 1) return false;
  const file = await disk.open(join(directory, journalName(SEQ + 1)), 'read');
  try {
    for await (const line of readLines(file)) if (line.start > 0) return false;
    return true;
  } finally {
    await file.close();
  }
}

/** Puts the lines of a dump into tables, and its outputs into an archive. */
class Reading {
  readonly tables = new Tables();
  readonly #name: string;
  readonly #outputs: ImportedOutputs;
  #lineNumber = 0;
  #header: DumpHeader | null = null;
  #footer: DumpFooter | null = null;
  #count = 0;
  #put: Partial<Record<TableName, unknown[]>> = {};
  #pending = 0;

  constructor(name: string, outputs: ImportedOutputs) {
    this.#name = name;
    this.#outputs = outputs;
  }

  async line(text: string): Promise<void> {
    this.#lineNumber += 1;
    if (text.trim() === '') return;
    const value = this.#parsed(text);
    if (this.#footer !== null) throw this.#fault('there is something after the end of the dump');
    if (this.#header === null) this.#header = this.#headerOf(value);
    else if ('end' in value) this.#footer = this.#footerOf(value);
    else await this.#add(this.#header, value);
  }

  /**
   * Checks that the dump is complete and puts the last records.
   * @throws CronflowError `invalid` when the end is missing
   */
  async end(): Promise<Imported> {
    if (this.#header === null || this.#footer === null)
      throw this.#fault('the end is missing: it was cut short. Export it again');
    this.#flush();
    const jobs = [...this.tables.jobs()].length;
    return { created_at: this.#header.created_at, records: this.#count, jobs };
  }

  async #add(header: DumpHeader, { table: named, record }: Record<string, unknown>): Promise<void> {
    const table = TABLE_NAMES.find((each) => each === named);
    if (table === undefined || typeof record !== 'object' || record === null)
      throw this.#fault(`this is no record: {"table": ..., "record": {...}} with ${TABLE_NAMES.join(', ')}`);
    const migrated = migrate(MIGRATIONS, header.schema_version, table, record);
    if (table === 'outputs') {
      const { job_id: jobId, run_id: runId, ...output } = migrated as DumpedOutput;
      // The record is made anew, because it says where the text is.
      (this.#put.outputs ??= []).push(await this.#outputs.add(jobId, runId, output));
    } else (this.#put[table] ??= []).push(migrated);
    this.#count += 1;
    this.#pending += 1;
    if (this.#pending >= BATCH) this.#flush();
  }

  #flush(): void {
    try {
      this.tables.apply({ put: this.#put as Changes['put'], del: {}, events: [] });
    } catch (error) {
      throw this.#fault(`here, or a little before, a record lacks what it must have (${errorText(error)})`);
    }
    [this.#put, this.#pending] = [{}, 0];
  }

  #parsed(text: string): Record<string, unknown> {
    try {
      const value = JSON.parse(text) as unknown;
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch {
      // The fault is thrown below.
    }
    throw this.#fault('this line is no JSON object');
  }

  #headerOf(value: Record<string, unknown>): DumpHeader {
    const { cronflow, schema_version: version } = value;
    if (cronflow !== 'dump' || typeof version !== 'number' || version < 1)
      throw this.#fault('this is not the first line of a dump, as cronflow store export prints it');
    const versionMax = schemaVersion(MIGRATIONS);
    if (version <= versionMax) return value as unknown as DumpHeader;
    throw this.#fault(
      `it has schema_version ${version}, this Cronflow knows at most ${versionMax}: use the version that wrote it`,
    );
  }

  #footerOf(value: Record<string, unknown>): DumpFooter {
    if (value['records'] === this.#count) return { end: true, records: this.#count };
    throw this.#fault(
      `its last line says ${String(value['records'])} records, and the dump has ${this.#count}`,
    );
  }

  #fault(what: string): CronflowError {
    const where = `${this.#name}:${Math.max(1, this.#lineNumber)}`;
    return new CronflowError('invalid', `${where}: ${what}. Nothing was imported.`);
  }
}
