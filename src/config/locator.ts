import type { Config } from './config.ts';
import { type ConfigText, parseText, placeIn, type TextPlace } from './config-file.ts';
import { validators } from './schema.ts';
import type { Validator } from './schema-parts.ts';
import { type Env, NO_ENV } from './substitute.ts';
import { dotted } from './yaml/tree.ts';

/** Finds values of a valid configuration in its files, by file and JSON pointer. */
export interface Locator {
  /** Tells whether the file itself gives this value. */
  has(file: string, path: string): boolean;
  /** True where some values may be unknown; otherwise `isUnknown` need not be asked. */
  hasUnknown: boolean;
  /** Tells whether the value there is unknown, because it depends on an environment of which nothing is known. */
  isUnknown(file: string, path: string): boolean;
  /** Returns the place of a value, or with `atKey` that of its key, and its path as people read it. */
  place(file: string, path: string, options?: { atKey?: boolean }): TextPlace & { path: string };
}

/**
 * Makes a locator for the texts of a valid configuration.
 * @param texts the files as they were parsed; any other file is parsed again when it is first asked for
 */
export function locatorOf(config: Config, env: Env, texts: readonly ConfigText<unknown>[] = []): Locator {
  const known = new Map(texts.map((text) => [text.source.path, text]));
  const textOf = (path: string): ConfigText<unknown> | undefined => {
    const at = config.files.findIndex((file) => file.path === path);
    const source = config.files[at];
    if (source === undefined) return undefined;
    const isValid = (): Validator<unknown> => (at === 0 ? validators().file : validators().included);
    const text = known.get(path) ?? parseText<unknown>(source, env, isValid());
    known.set(path, text);
    return text;
  };
  return {
    has: (file, path) => textOf(file)?.tree?.spots.has(path) ?? false,
    hasUnknown: env === NO_ENV,
    isUnknown: (file, path) => textOf(file)?.tree?.spots.get(path)?.isUnknown ?? false,
    place(file, path, options) {
      const text = textOf(file);
      const place = text === undefined ? { file, line: 1, column: 1 } : placeIn(text, path, options);
      return { ...place, path: dotted(path) };
    },
  };
}
