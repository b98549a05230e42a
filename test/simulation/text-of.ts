/** Writes a record as text that can be compared. Its keys are in order, because a store may keep them in another. */
export function textOf(record: unknown): string | undefined {
  return JSON.stringify(record, inOrder);
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
