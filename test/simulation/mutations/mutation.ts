import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One way to break a promise of docs/design.md, which the simulation must notice. */
export interface Mutation {
  /** Says in a few words what the broken core does. */
  name: string;
  /** The promise that it breaks: the paragraph of docs/design.md and its words. */
  promise: string;
  /** The function, class or constant that is broken, in whatever file of src/ it is declared, or `Class.method`. */
  in: string;
  /** The text to replace, which stands once in what `in` names; white space and line breaks do not matter. */
  find: string;
  replace: string;
}

/** Maps each file of src/, named from the root of the repository, to its text. */
export type Sources = ReadonlyMap<string, string>;

/** Lines of a text: those of one declaration, and those around it. */
interface Excerpt {
  before: string[];
  lines: string[];
  after: string[];
}

/**
 * Reads every file of src/.
 * @param root the directory that holds `src`
 */
export function readSources(root: string): Sources {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${file.replaceAll('\\', '/')}`);
  return new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

/**
 * Breaks a file in the way of a mutation.
 * @throws Error when there is not one declaration of that name, or the text to replace is not in it exactly once: the
 *   code has changed, and so must the mutation
 */
export function mutated(mutation: Mutation, sources: Sources): { file: string; text: string } {
  const { file, before, lines, after } = declaration(mutation, sources);
  const text = lines.join('\n');
  const pattern = patternOf(mutation.find);
  const count = [...text.matchAll(pattern)].length;
  if (count !== 1) {
    const where = `\`${mutation.in}\` (${file})`;
    throw new Error(
      `"${mutation.name}" does not apply: ${where} has ${count} times, not once:\n${mutation.find}`,
    );
  }
  const broken = text.replace(pattern, () => mutation.replace);
  return { file, text: [...before, broken, ...after].join('\n') };
}

/** Returns where the name that a mutation breaks is declared. */
function declaration({ name, in: path }: Mutation, sources: Sources): Excerpt & { file: string } {
  const [top = '', member] = path.split('.');
  const found = [...sources].flatMap(([file, text]) =>
    declared(topLevel(top), text.split('\n'))
      .flatMap((excerpt) => (member === undefined ? [excerpt] : within(excerpt, method(member))))
      .map((excerpt) => ({ file, ...excerpt })),
  );
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const files = found.map(({ file }) => file).join(', ');
  const where = found.length === 0 ? 'nowhere in src/' : `${found.length} times, in ${files}`;
  throw new Error(`"${name}" does not apply: \`${path}\` is declared ${where}, not once`);
}

function topLevel(name: string): RegExp {
  return new RegExp(`^(?:export )?(?:async )?(?:function\\*?|class|const) ${name}(?![\\w$])`);
}

function method(name: string): RegExp {
  return new RegExp(`^  (?:(?:static|override|async|get|set) )*\\*?${name}[(<]`);
}

/** Returns every declaration whose first line matches. */
function declared(pattern: RegExp, lines: readonly string[]): Excerpt[] {
  return lines.flatMap((line, index) => {
    if (!pattern.test(line)) return [];
    const end = index + endOf(lines.slice(index));
    return [{ before: lines.slice(0, index), lines: lines.slice(index, end), after: lines.slice(end) }];
  });
}

function within(outer: Excerpt, pattern: RegExp): Excerpt[] {
  return declared(pattern, outer.lines).map(({ before, lines, after }) => ({
    before: [...outer.before, ...before],
    lines,
    after: [...after, ...outer.after],
  }));
}

/**
 * Returns how many lines the declaration has that begins with the first one. The code is formatted, so a declaration
 * ends with the first line that ends a statement or a block and is indented no deeper than its beginning.
 */
function endOf(lines: readonly string[]): number {
  const indent = depthOf(lines[0]!);
  const last = lines.findIndex((line) => /[;}]$/.test(line) && depthOf(line) <= indent);
  return last + 1;
}

function depthOf(line: string): number {
  return line.search(/\S/);
}

/** Matches a text however it is broken into lines; a comma that a line break brings before a bracket is allowed. */
function patternOf(find: string): RegExp {
  const words = find.match(/[\w$]+|[^\w\s$]/g) ?? [];
  const parts = words.map((word, index) => {
    const isApart = isWord(word) && isWord(words[index - 1]);
    const space = index === 0 ? '' : isApart ? '\\s+' : /[)\]}]/.test(word) ? '\\s*,?\\s*' : '\\s*';
    return space + word.replace(/[^\w\s]/g, '\\$&');
  });
  const begin = isWord(words[0]) ? '(?<![\\w$])' : '';
  const end = isWord(words.at(-1)) ? '(?![\\w$])' : '';
  return new RegExp(begin + parts.join('') + end, 'g');
}

function isWord(text: string | undefined): boolean {
  return text !== undefined && /[\w$]/.test(text);
}
