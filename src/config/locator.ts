import type { Config } from './config.ts';
import { type ConfigText, parseText, placeIn, type TextPlace } from './config-file.ts';
import { validators } from './schema.ts';
import type { Env } from './substitute.ts';
import { dotted } from './tree.ts';

/** Finds what a valid configuration holds in its files, by file and JSON pointer. */
export interface Locator {
  /** Whether the file itself says it. */
  has(file: string, path: string): boolean;
  /** The place of a value, or with `atKey` of its key, and its path as people read it. */
  place(file: string, path: string, options?: { atKey?: boolean }): TextPlace & { path: string };
}

/** Reads the texts of a valid configuration once more, for the places in them, each when it is first asked for. */
export function locatorOf(config: Config, env: Env): Locator {
  const { file: isFile, included: isIncluded } = validators();
  const known = new Map<string, ConfigText<unknown>>();
  const textOf = (path: string): ConfigText<unknown> | undefined => {
    const at = config.files.findIndex((file) => file.path === path);
    const source = config.files[at];
    if (source === undefined) return undefined;
    const text = known.get(path) ?? parseText<unknown>(source, env, at === 0 ? isFile : isIncluded);
    known.set(path, text);
    return text;
  };
  return {
    has: (file, path) => textOf(file)?.tree?.spots.has(path) ?? false,
    place(file, path, options) {
      const text = textOf(file);
      const place = text === undefined ? { file, line: 1, column: 1 } : placeIn(text, path, options);
      return { ...place, path: dotted(path) };
    },
  };
}
