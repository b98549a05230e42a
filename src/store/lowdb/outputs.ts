import { join } from 'node:path';
import type { OutputPlace, OutputRef } from '../local/changes.ts';
import type { Tables } from '../local/tables.ts';
import type { Output } from '../store.ts';
import { Archives, isInLog, type OutputInLog, slice } from './archives.ts';
import { type Disk, isMissing } from './disk.ts';
import { journalName } from './files.ts';
import { isInFile, OutputFiles } from './output-files.ts';

/**
 * Reads the outputs of runs. The log of commits holds each once, in the event that brought it, and the records say where.
 * A text that is missing or damaged is an output that is lost, and no error.
 */
export class Outputs {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #files: OutputFiles;
  readonly #archives: Archives;
  /** True for a reader beside a Cronflow that may run, and move texts meanwhile. */
  #isBeside = false;

  constructor(options: { disk: Disk; directory: string; schemaVersion: number }) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#files = new OutputFiles(options.disk, options.directory);
    this.#archives = new Archives(options);
  }

  /** Opens the outputs to read them beside a Cronflow that runs. Nothing is changed. */
  async openToRead(): Promise<void> {
    this.#isBeside = true;
    await this.#archives.openToRead();
  }

  /**
   * Opens the outputs, and removes traces of a crash.
   * @throws CronflowError `store_unusable`
   */
  async open(tables: Tables): Promise<void> {
    await this.#archives.open();
    await this.#files.open(tables);
  }

  async read(ref: OutputRef): Promise<Output | undefined> {
    if (isInFile(ref)) return this.#files.read(ref);
    if (!isInLog(ref)) return undefined;
    let json = await this.#json(ref.place);
    if (json === null && this.#isBeside) {
      await this.#archives.openToRead();
      json = await this.#json(ref.place);
    }
    const text = textOf(json);
    return text === null ? undefined : { text, dropped_bytes: ref.dropped_bytes };
  }

  async #json(place: OutputPlace): Promise<Buffer | null> {
    return (await this.#inSegment(place)) ?? this.#archives.read(place);
  }

  /** Removes the files of outputs that no record refers to any more, where they have files of their own. */
  remove(refs: readonly OutputRef[]): void {
    if (refs.length > 0) this.#files.remove(refs);
  }

  /**
   * Moves what is still in use out of segments that are about to be removed.
   * @throws any error of the disk; then the segments must stay
   */
  async moveOutOf(segments: readonly number[], tables: Tables): Promise<void> {
    await this.#archives.take(segments, inLog(tables));
  }

  /** Waits until nothing is being removed. */
  async close(): Promise<void> {
    await this.#files.close();
  }

  async #inSegment(place: OutputPlace): Promise<Buffer | null> {
    try {
      const file = await this.#disk.open(join(this.#directory, journalName(place.segment)), 'read');
      try {
        return await slice(file, place);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }
}

function* inLog(tables: Tables): Generator<OutputInLog> {
  for (const ref of tables.outputRefs()) if (isInLog(ref)) yield ref;
}

function textOf(json: Buffer | null): string | null {
  if (json === null) return null;
  try {
    const text = JSON.parse(json.toString('utf8')) as unknown;
    return typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}
