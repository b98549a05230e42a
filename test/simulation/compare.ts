import type { Ending, OutageTelling, Telling, Verdict } from './script.ts';

/** The two sides of a comparison, as the lines of a difference name them. */
export interface Sides {
  left: string;
  right: string;
}

const MODEL_AND_SYSTEM: Sides = { left: 'model', right: 'system' };

/**
 * Lists the differences between two verdicts for people: what was told, per job and notifier and in order; how runs and
 * slots ended, as sets per job; outages; statuses.
 * @returns no lines where they agree
 */
export function differences(left: Verdict, right: Verdict, sides: Sides = MODEL_AND_SYSTEM): string[] {
  return [
    ...groupDifferences(left.tellings, right.tellings, (each) => `${each.job} -> ${each.notifier}`, sides, {
      line: tellingLine,
      isOrdered: true,
    }),
    ...groupDifferences(left.endings, right.endings, (each) => `${each.job} endings`, sides, {
      line: endingLine,
      isOrdered: false,
    }),
    ...groupDifferences(left.outages, right.outages, () => 'outages', sides, {
      line: outageLine,
      isOrdered: false,
    }),
    ...statusDifferences(left.statuses, right.statuses, sides),
  ];
}

function groupDifferences<T>(
  left: readonly T[],
  right: readonly T[],
  groupOf: (item: T) => string,
  sides: Sides,
  { line, isOrdered }: { line: (item: T) => string; isOrdered: boolean },
): string[] {
  const groups = [...new Set([...left, ...right].map(groupOf))].sort();
  return groups.flatMap((group) => {
    const lines = [left, right].map((items) => {
      const found = items.filter((item) => groupOf(item) === group).map(line);
      return isOrdered ? found : found.sort();
    });
    const [of, than] = [lines[0]!, lines[1]!];
    if (of.join('\n') === than.join('\n')) return [];
    return [`${group}:`, ...lineDifferences(of, than, sides)];
  });
}

/** Lists the lines that only one side has. Where both have the same lines, it lists both sides in their order. */
function lineDifferences(left: readonly string[], right: readonly string[], sides: Sides): string[] {
  const onlyLeft = without(left, right);
  const onlyRight = without(right, left);
  if (onlyLeft.length + onlyRight.length === 0)
    return [
      `  ${sides.left}, in this order:`,
      ...left.map((line) => `    ${line}`),
      `  ${sides.right}, in this order:`,
      ...right.map((line) => `    ${line}`),
    ];
  const width = Math.max(sides.left.length, sides.right.length) + 5;
  return [
    ...onlyLeft.map((line) => `  ${`only ${sides.left}`.padEnd(width)} ${line}`),
    ...onlyRight.map((line) => `  ${`only ${sides.right}`.padEnd(width)} ${line}`),
  ];
}

/** Returns `items` without those of `others`, each of which takes one away. */
function without(items: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return items.filter((item) => {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function statusDifferences(left: Verdict['statuses'], right: Verdict['statuses'], sides: Sides): string[] {
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort();
  return names
    .filter((name) => left[name] !== right[name])
    .map((name) => `${name} status: ${sides.left} ${left[name]}, ${sides.right} ${right[name]}`);
}

function tellingLine({ at, kind, reason }: Telling): string {
  return `${instant(at)} ${kind} ${reason}`;
}

function endingLine({ slot_at: slotAt, rid, outcome, reason }: Ending): string {
  const slot = slotAt === null ? 'no slot' : `slot ${instant(slotAt)}`;
  return `${slot} ${outcome ?? 'open'} ${reason}${rid === null ? '' : ` rid ${rid}`}`;
}

function outageLine({ from_at: fromAt, to_at: toAt, jobs }: OutageTelling): string {
  return `${instant(fromAt)} to ${instant(toAt)}: ${[...jobs].sort().join(', ') || 'nothing unseen'}`;
}

/** Writes an instant such as `2025-03-30T01:00:05.250Z`, without seconds and milliseconds where they are zero. */
export function instant(at: number): string {
  return new Date(at).toISOString().replace(/(:00)?\.000Z$/, 'Z');
}
