import type { Job } from './records.ts';

/** Tells whether a job is of a group and has a tag, as far as either is asked for. */
export function isOf({ declaration }: Job, group: string | undefined, tag: string | undefined): boolean {
  return (
    (group === undefined || declaration.group === group) &&
    (tag === undefined || (declaration.tags?.includes(tag) ?? false))
  );
}
