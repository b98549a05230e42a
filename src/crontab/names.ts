import { createHash } from 'node:crypto';
import { baseName, type Call, callsOf } from './calls.ts';
import type { Word } from './shell.ts';

/** What tells one line that needs a name from the others. */
export interface Unnamed {
  /** The command as the shell gets it. */
  command: string;
  /** All that may differ between two lines with one command: time, zone, user. */
  circumstances: string;
}

/** A name made from a command is at most this long; job names may be 128. */
const SLUG_LENGTH_MAX = 48;
const ARGUMENT_LENGTH_MAX = 32;
const HASH_LENGTH = 6;
/** What is put behind a name that several lines would get. */
const SUFFIX = /-[0-9a-f]{6}(?:-\d+)?$/;
/** Names that mean something else in ping addresses (docs/design.md §5). */
const RESERVED = /^(?:start|fail|log|\d+)$/;
/** Calls that prepare for the one that matters. */
const PREPARATIONS = new Set(
  'cd test [ [[ . source export set unset ulimit umask sleep true false : trap exit wait for case which'.split(
    ' ',
  ),
);
/** Calls that matter only where nothing else is called. */
const REMARKS = new Set(['echo', 'printf', 'date', 'logger']);
/** Names that many programs have: what they are about is said by the directory above. */
const GENERIC = /^(?:cron|cronjob|perl|python[\d.]*|php[\d.]*|ruby|node)$/i;
const DIRECTORIES = /^(?:s?bin|usr|local|opt|etc|home|root|srv|var|lib|app|scripts?|src)?$/;
/** A key of another monitor, or an id of anything. */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;
const EXTENSION = /\.(?:sh|bash|ksh|zsh|py|pl|rb|php|js|mjs|cjs|ts|jar|exe|bin|r)$/i;
const SECRET = /pass|pwd|secret|token|key|auth|cred/i;

/** A line that has a name, from the wrapper that it calls. */
export interface Named {
  name: string;
  /** What it runs; empty if that is not known. */
  command: string;
}

/**
 * A name for each line, valid for a job, all different, none of those given. It depends on what the line does, not
 * on where it stands: the name of the command; where several lines would get the same one, each gets a short hash,
 * of its command or, where that is the same as well, of its circumstances too. Whether some of the lines have got
 * their names already, or none, makes no difference to the others.
 * @param prefix what each begins with, such as the name of a machine
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

/** Lines that are the same in everything cannot be told apart, so that counting them moves no name. */
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
 * What people would call the command: its program, and of its arguments those that say what it does. Nothing that
 * looks like a secret goes into a name, since names travel to chats and logs.
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
  // What a one-line program of an interpreter does, no word says.
  if (GENERIC.test(slug)) slug = `${slug}-${hash(command)}`;
  return slug === '' || RESERVED.test(slug) ? ['job', slug].filter(Boolean).join('-') : slug;
}

/** The first of those that matter most. */
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

/** `cd /srv/shop && ./nightly`: many programs have such a name, few such a directory. */
function directoryPart({ directory, words: [program] }: Call): string[] {
  const path = program?.text ?? '';
  if (!path.startsWith('/')) return [baseName(directory)];
  const above = baseName(path.slice(0, -baseName(path).length));
  return GENERIC.test(baseName(path).replace(EXTENSION, '')) && !DIRECTORIES.test(above) ? [above] : [];
}

function programOf({ words: [program] }: Call): string {
  return baseName(program?.text ?? '').replace(EXTENSION, '');
}

/** The parts that say what the program does, an option and its value in one: half of the two would say nothing. */
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

/** What of an argument may stand in a name; empty if it is a sentence, or looks like a secret. */
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
