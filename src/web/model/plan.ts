/** What a line of a plan says of its job, by its first character. */
export type PlanLineKind = 'added' | 'changed' | 'removed' | 'other';

export function planLineKind(line: string): PlanLineKind {
  switch (line[0]) {
    case '+':
      return 'added';
    case '~':
      return 'changed';
    case '-':
      return 'removed';
    default:
      return 'other';
  }
}
