import { CronflowError } from '../../core/model/errors.ts';
import type { Imported } from '../offline.ts';
import { TABLE_NAMES, type TableName } from './changes.ts';
import type { RecordFormat } from './migrations.ts';

const NO_FIRST_LINE = 'this is not the first line of a dump, as cronflow store export prints it';

/** Takes the records of a dump, in the order in which it has them. Each is one of the present version. */
export interface DumpSink {
  /** @throws what is wrong with this record, or with one that came a little before */
  add(table: TableName, record: unknown): Promise<void> | void;
  /** Is called once the dump is known to be whole. */
  end(): Promise<void> | void;
}

/** Reads the lines of a dump, whatever the store is into which it goes. */
export class DumpReader {
  readonly #name: string;
  readonly #format: RecordFormat;
  readonly #sink: DumpSink;
  #lineNumber = 0;
  #header: { schema_version: number; created_at: string } | null = null;
  #isEnded = false;
  #count = 0;
  #jobCount = 0;

  /** @param name what faults call the dump */
  constructor(name: string, format: RecordFormat, sink: DumpSink) {
    this.#name = name;
    this.#format = format;
    this.#sink = sink;
  }

  /**
   * Hands all records to the sink.
   * @throws CronflowError `invalid` for a dump that does not check out, with the number of its line
   */
  async read(lines: AsyncIterable<string>): Promise<Imported> {
    for await (const line of lines) await this.#line(line);
    if (this.#header === null || !this.#isEnded)
      throw this.#fault('the end is missing: it was cut short. Export it again');
    await this.#checked(() => this.#sink.end());
    return { created_at: this.#header.created_at, records: this.#count, jobs: this.#jobCount };
  }

  async #line(text: string): Promise<void> {
    this.#lineNumber += 1;
    if (text.trim() === '') return;
    const value = this.#parsed(text);
    if (this.#isEnded) throw this.#fault('there is something after the end of the dump');
    if (this.#header === null) this.#header = this.#headerOf(value);
    else if ('end' in value) this.#checkEnd(value);
    else await this.#add(this.#header.schema_version, value);
  }

  async #add(version: number, { table: named, record }: Record<string, unknown>): Promise<void> {
    const table = TABLE_NAMES.find((each) => each === named);
    if (table === undefined || typeof record !== 'object' || record === null)
      throw this.#fault(`this is no record: {"table": ..., "record": {...}} with ${TABLE_NAMES.join(', ')}`);
    await this.#checked(() => this.#sink.add(table, this.#format.migrate(version, table, record)));
    this.#count += 1;
    if (table === 'jobs') this.#jobCount += 1;
  }

  /** Says of an error where in the dump it came up. */
  async #checked(take: () => Promise<void> | void): Promise<void> {
    try {
      await take();
    } catch (error) {
      if (error instanceof CronflowError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      throw this.#fault(`here, or a little before, a record lacks what it must have (${text})`);
    }
  }

  #parsed(text: string): Record<string, unknown> {
    try {
      const value = JSON.parse(text) as unknown;
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    } catch {
      // The fault is thrown below.
    }
    throw this.#fault(this.#header === null ? NO_FIRST_LINE : 'this line is no JSON object');
  }

  #headerOf(value: Record<string, unknown>): { schema_version: number; created_at: string } {
    const { cronflow, schema_version: version } = value;
    if (cronflow !== 'dump' || typeof version !== 'number' || version < 1) throw this.#fault(NO_FIRST_LINE);
    const { version: versionMax } = this.#format;
    if (version <= versionMax) return value as unknown as { schema_version: number; created_at: string };
    throw this.#fault(
      `it has schema_version ${version}, this Cronflow knows at most ${versionMax}: use the version that wrote it`,
    );
  }

  #checkEnd(value: Record<string, unknown>): void {
    this.#isEnded = value['records'] === this.#count;
    if (!this.#isEnded)
      throw this.#fault(
        `its last line says ${String(value['records'])} records, and the dump has ${this.#count}`,
      );
  }

  #fault(what: string): CronflowError {
    const where = `${this.#name}:${Math.max(1, this.#lineNumber)}`;
    return new CronflowError('invalid', `${where}: ${what}. Nothing was imported.`);
  }
}
