import { PART_TITLES } from '../core/why/account.ts';
import { ClockWords } from '../core/why/clock-words.ts';
import type { Part, Told, Why } from '../core/why/explanation.ts';
import { cleanLine } from '../delivery/message/clean.ts';

const WIDTH_DEFAULT = 100;
const WIDTH_MIN = 40;
const TEXT_LENGTH_MAX = 2_000;
/** So many reasons are named with where they are explained. */
const LINKS_MAX = 4;

/**
 * Writes an explanation for people: what it comes to, then each part under its heading, with instants in the zone of
 * the job.
 * @param docs where docs/reasons.md is read, such as `http://127.0.0.1:8000/docs/reasons`
 */
export function whyText(why: Why, { columns, docs }: { columns: number | undefined; docs: string }): string {
  const width = Math.max(WIDTH_MIN, Math.min(columns ?? WIDTH_DEFAULT, WIDTH_DEFAULT));
  const words = new ClockWords(why.timezone, why.at);
  const verdict = why.verdict.flatMap((each) => wrapped(each.text, width, ''));
  const parts = why.parts.flatMap(({ part, told }) => [
    '',
    PART_TITLES[part],
    ...partLines(part, told, words, width),
  ]);
  const lines = [
    ...wrapped(`${why.job} at ${words.full(why.at)} (${why.timezone})`, width, ''),
    '',
    ...verdict,
    ...parts,
    ...logNote(why, words, width),
    ...linksTo(why, docs),
  ];
  return `${lines.join('\n')}\n`;
}

/** The parts whose sentences stand beside the instant of each. */
const TIMED: ReadonlySet<Part> = new Set<Part>(['happened', 'next', 'later']);

function partLines(part: Part, told: readonly Told[], words: ClockWords, width: number): string[] {
  if (!TIMED.has(part)) return told.flatMap(({ text }) => wrapped(text, width, '  '));
  const times = told.map(({ at }) => (at === null ? '' : words.at(at)));
  const column = Math.max(...times.map((time) => time.length));
  return told.flatMap(({ text }, index) => {
    const start = column === 0 ? '  ' : `  ${times[index]!.padEnd(column)}  `;
    const [first = '', ...more] = wrapped(text, width, ' '.repeat(start.length));
    return [start + first.slice(start.length), ...more];
  });
}

/** Says that the log does not go back so far as the tale would. */
function logNote(why: Why, words: ClockWords, width: number): string[] {
  if (why.from_at >= why.log_from_at) return [];
  return [
    '',
    ...wrapped(`The log begins at ${words.full(why.log_from_at)}. What was before is not known.`, width, ''),
  ];
}

function linksTo({ verdict, parts }: Why, docs: string): string[] {
  const told = [
    ...verdict,
    ...parts.filter(({ part }) => part !== 'expected' && part !== 'next').flatMap((part) => part.told),
  ];
  const reasons = new Set(told.map(({ reason }) => reason).filter((reason) => reason !== null));
  for (const plain of ['started', 'succeeded', 'declared', 'duplicate', 'logged'] as const)
    reasons.delete(plain);
  if (reasons.size === 0) return [];
  const links = [...reasons].slice(0, LINKS_MAX).map((reason) => `  ${docs}#${reason}`);
  return ['', 'What these reasons mean, and what to do', ...links];
}

/** Folds a text at words; lines after the first stand a little further in. */
function wrapped(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of cleanLine(text, TEXT_LENGTH_MAX).split(' ')) {
    const isEmpty = line.trim() === '';
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = isEmpty ? `${line}${word}` : `${line} ${word}`;
  }
  return [...lines, line];
}
