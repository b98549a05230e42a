import { createHash } from 'node:crypto';
import { baseName, type Call, callsOf } from './calls.ts';
import type { Word } from './shell.ts';

/** A line that needs a name, with all that tells it apart from the others. */
export interface Unnamed {
  /** The command as the shell gets it. */
  command: string;
  /** All else that may differ between two lines with the same command: time, zone, user. */
  circumstances: string;
}

/** The longest name that is made from a command; job names may have 128 characters. */
const SLUG_LENGTH_MAX = 48;
const ARGUMENT_LENGTH_MAX = 32;
const HASH_LENGTH = 6;
/** Matches the suffix of a name that several lines would get. */
const SUFFIX = /-[0-9a-f]{6}(?:-\d+)?$/;
/** Matches names that mean something else in ping addresses (docs/design.md §5). */
const RESERVED = /^(?:start|fail|log|\d+)$/;
/** Programs whose calls prepare for the one that matters. */
const PREPARATIONS = new Set(
  'cd test [ [[ . source export set unset ulimit umask sleep true false : trap exit wait for case which'.split(
    ' ',
  ),
);
/** Programs whose calls matter only where nothing else is called. */
const REMARKS = new Set(['echo', 'printf', 'date', 'logger']);
/** Matches names that many programs have. The directory above says what such a program is about. */
const GENERIC = /^(?:cron|cronjob|perl|python[\d.]*|php[\d.]*|ruby|node)$/i;
const DIRECTORIES = /^(?:s?bin|usr|local|opt|etc|home|root|srv|var|lib|app|scripts?|src)?$/;
/** Matches a key of another monitor, or any other id. */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const EXTENSION = /\.(?:sh|bash|ksh|zsh|py|pl|rb|php|js|mjs|cjs|ts|jar|exe|bin|r)$/i;
const SECRET = /pass|pwd|secret|token|key|auth|cred/i;

/** A line that calls the wrapper and so has a name. */
export interface Named {
  name: string;
  /** The command that it runs; empty if that is not known. */
  command: string;
}

/**
 * Returns a name for each line: valid for a job, all different, and none of those given. A name depends on what the
 * line does, not on its place. It is the name of the command. Where several lines would get the same one, each gets a
 * short hash: of its command, or, where that is the same as well, of its circumstances too. Lines that have their
 * names already make no difference to the names of the others.
 * @param prefix the beginning of each name, such as the name of a machine
 */
export function namesFor(lines: readonly Unnamed[], given: readonly Named[], prefix = ''): string[] {
  const slugs = lines.map(({ command }) => `${prefix}${slugOf(command)}`);
  const slugCounts = countsOf([...slugs, ...given.flatMap(({ name }) => [name, name.replace(SUFFIX, '')])]);
  const commandCounts = countsOf([...lines, ...given].map(({ command }) => command));
  const used = new Set(given.map(({ name }) => name));
  const isAlone = slugs.map((slug) => slugCounts.get(slug) === 1);
  slugs.forEach((slug, i) => isAlone[i] && used.add(slug));
  return lines.map((line, i) => {
    const slug = slugs[i] ?? '';
    if (isAlone[i] === true) return slug;
    const isSame = commandCounts.get(line.command) !== 1;
    return unused(`${slug}-${hash(isSame ? `${line.circumstances}\n${line.command}` : line.command)}`, used);
  });
}

/**
 * Returns a name that is still free. Lines that are the same in everything cannot be told apart, so numbering them
 * moves no name.
 */
function unused(name: string, used: Set<string>): string {
  let free = name;
  for (let i = 2; used.has(free); i += 1) free = `${name}-${i}`;
  used.add(free);
  return free;
}

function countsOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
}

/**
 * Returns the name that people would give the command: its program, and those arguments that say what it does. Text
 * that looks like a secret never goes into a name, because names travel to chats and logs.
 */
function slugOf(command: string): string {
  const call = mainCall(callsOf(command).calls);
  const parts = call === undefined ? [] : [...directoryPart(call), programOf(call), ...argumentsOf(call)];
  let slug = '';
  for (const part of parts.map(plain).filter((each) => each !== '')) {
    const longer = slug === '' ? part : `${slug}-${part}`;
    if (longer.length > SLUG_LENGTH_MAX) break;
    slug = longer;
  }
  if (slug === '')
    slug = plain(parts.join('-'))
      .slice(0, SLUG_LENGTH_MAX)
      .replace(/[-._]+$/, '');
  // No word says what a one-line program of an interpreter does.
  if (GENERIC.test(slug)) slug = `${slug}-${hash(command)}`;
  return slug === '' || RESERVED.test(slug) ? ['job', slug].filter(Boolean).join('-') : slug;
}

/** Returns the first of the calls that matter most. */
function mainCall(calls: readonly Call[]): Call | undefined {
  return [...calls].sort((a, b) => rank(a) - rank(b))[0];
}

function rank({ words }: Call): number {
  const [program] = words;
  const name = baseName(program?.text ?? '');
  const isOneLiner = words.slice(1, 3).some(({ text }) => /^-[a-z]*[ec]$/.test(text)) && GENERIC.test(name);
  if (REMARKS.has(name) || isOneLiner) return 1;
  return PREPARATIONS.has(name) ? 2 : 0;
}

/**
 * Returns the directory of a program where that says more than its name: many programs are called as in `cd /srv/shop
 * && ./nightly`, and few directories.
 */
function directoryPart({ directory, words: [program] }: Call): string[] {
  const path = program?.text ?? '';
  if (!path.startsWith('/')) return [baseName(directory)];
  const above = baseName(path.slice(0, -baseName(path).length));
  return GENERIC.test(baseName(path).replace(EXTENSION, '')) && !DIRECTORIES.test(above) ? [above] : [];
}

function programOf({ words: [program] }: Call): string {
  return baseName(program?.text ?? '').replace(EXTENSION, '');
}

/**
 * Returns the arguments that say what the program does. An option and its value are one part, because half of the two
 * would say nothing.
 */
function argumentsOf({ words }: Call): string[] {
  const parts: string[] = [];
  for (let i = 1; i < words.length; i += 1) {
    const word = words[i];
    if (word?.literal !== true) continue;
    const [, key = '', value] = /^(--[\w-]+|[A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word.text) ?? [];
    if (key !== '' && value !== undefined) {
      parts.push(pairOf(key, { text: value, literal: true }));
    } else if (key.startsWith('--')) {
      const next = words[i + 1];
      if (next === undefined || /^[-+]/.test(next.text)) parts.push(SECRET.test(key) ? '' : key);
      else {
        parts.push(pairOf(key, next));
        i += 1;
      }
    } else if (/^[-+]/.test(word.text)) {
      // The value of a short option may be a password: sshpass -p, redis-cli -a, curl -u.
      if (word.text.length === 2 && !/^[-+/]/.test(words[i + 1]?.text ?? '')) i += 1;
    } else {
      parts.push(wordy(word.text));
    }
  }
  return parts;
}

function pairOf(key: string, { text, literal }: Word): string {
  const value = literal && !SECRET.test(key) ? plain(wordy(text)) : '';
  return value === '' ? '' : `${key}-${value}`;
}

/** Returns the part of an argument that may stand in a name; empty if it is a sentence, or looks like a secret. */
function wordy(text: string): string {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/@]*@)?([^/:?#]*)/i.exec(text)?.[1];
  if (host !== undefined) return host;
  const part = (text.includes('/') ? baseName(text) : text).replace(EXTENSION, '');
  if (/\s/.test(part) || part.length > ARGUMENT_LENGTH_MAX) return '';
  if (UUID.test(part) || /:.*@/.test(part) || (/[:=]/.test(part) && SECRET.test(part))) return '';
  const isOpaque = part.length >= 12 && /\d/.test(part) && /[A-Za-z]/.test(part) && !/[-_.]/.test(part);
  return isOpaque ? '' : part;
}

function plain(part: string): string {
  const letters = part.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return letters.replace(/[^a-z0-9._]+/g, '-').replace(/^[-._]+|[-._]+$/g, '');
}
