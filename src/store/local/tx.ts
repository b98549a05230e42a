import type { RunsNeeded, Scope, Tx, View } from '../store.ts';
import { Overlay } from './overlay.ts';
import { ScopedTx, ScopedView } from './scoped.ts';
import type { Tables } from './tables.ts';

/** How much of a job's history a transaction has at hand. */
export type Loading =
  /** All of it, since it is in memory. */
  | 'all'
  /** What the scope asks for, as in a store that loads rows over a network. */
  | 'needed';

/**
 * Runs `fn` as one transaction on the overlay. Its writes stay only if it returns.
 * @param onLack called where `fn` asked for more of the history than was loaded, before it runs again
 */
export function runTransaction<T>(
  overlay: Overlay,
  scope: Scope,
  fn: (tx: Tx) => T,
  loading: Loading = 'all',
  onLack: () => void = () => {},
): T {
  return withEnough(scope, loading, onLack, (needed, isEnough) =>
    overlay.attempt(() => {
      const tx = new ScopedTx(overlay, scope, needed);
      return ended(tx, isEnough, () => fn(tx));
    }),
  );
}

/** Runs `read` on the records of the tables that a scope names. */
export function runView<T>(
  tables: Tables,
  scope: Scope,
  read: (view: View) => T,
  loading: Loading = 'all',
  onLack: () => void = () => {},
): T {
  return withEnough(scope, loading, onLack, (needed, isEnough) => {
    const view = new ScopedView(new Overlay(tables), scope, needed);
    return ended(view, isEnough, () => read(view));
  });
}

/** Is thrown through a transaction that asked for more than was loaded. */
class Lacking extends Error {}

/** Runs once with what the scope asks for, and again with the whole recent history where that was not enough. */
function withEnough<T>(
  scope: Scope,
  loading: Loading,
  onLack: () => void,
  run: (needed: RunsNeeded | null, isEnough: (view: ScopedView) => void) => T,
): T {
  if (loading === 'all') return run(null, () => {});
  try {
    return run(scope.runs ?? {}, (view) => {
      if (view.lacks) throw new Lacking();
    });
  } catch (error) {
    if (!(error instanceof Lacking)) throw error;
    onLack();
    return run({ recent: true }, () => {});
  }
}

/**
 * Runs a function on a view that ends with it. The view is asked at the end whether it lacked anything, because the
 * function may have caught the error which said so.
 */
function ended<T>(view: ScopedView, isEnough: (view: ScopedView) => void, run: () => T): T {
  let result: T;
  try {
    result = run();
  } catch (error) {
    view.end();
    isEnough(view);
    throw error;
  }
  view.end();
  isEnough(view);
  // A promise would go on after the commit, which can only be a mistake in the caller.
  if (result instanceof Promise) throw new TypeError('A transaction must be synchronous.');
  return result;
}
