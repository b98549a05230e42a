import { signal } from '@preact/signals';

/** A key, or two pressed one after the other, and what they do. */
export interface Shortcut {
  keys: string;
  does: string;
  run: () => void;
}

const shortcuts = signal<readonly Shortcut[]>([]);
export const allShortcuts = shortcuts;

/** The first of two keys counts for so long. */
const SEQUENCE_MS_MAX = 1_200;
let first: { key: string; atMs: number } | null = null;

/** Adds shortcuts for as long as a screen is shown. Returns the way to end that. */
export function addShortcuts(added: readonly Shortcut[]): () => void {
  shortcuts.value = [...shortcuts.value, ...added];
  return () => {
    shortcuts.value = shortcuts.value.filter((each) => !added.includes(each));
  };
}

/** Listens to the keyboard. Keys that go into a field are for that field alone. */
export function startKeyboard(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isForFocused(event)) return;
    const isSecond = first !== null && event.timeStamp - first.atMs < SEQUENCE_MS_MAX;
    const keys = isSecond ? `${first!.key} ${event.key}` : event.key;
    const found = shortcuts.value.findLast((each) => each.keys === keys);
    const isBeginning = shortcuts.value.some((each) => each.keys.startsWith(`${event.key} `));
    first = found === undefined && isBeginning ? { key: event.key, atMs: event.timeStamp } : null;
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  });
}

/** Tells whether a key is for what has the focus: text for a field, and Enter for a link or a button. */
function isForFocused({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest('input, textarea, select, [contenteditable]') !== null) return true;
  return key === 'Enter' && target.closest('a, button, summary') !== null;
}
