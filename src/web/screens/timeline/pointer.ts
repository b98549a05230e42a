import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { type Found, foundIn, type Lane, type Stretch } from '../../model/timeline.ts';
import { go } from '../../router.tsx';
import { lanes } from './loading.ts';

/** A pointer that is no further from a slot or a run than this is on it. */
const NEAR_PX = 5;

/** Where in the lanes the reader points, with a mouse, a finger or the keys. */
export interface Pointer {
  /** The instant; null where the reader points at none. */
  at: Signal<number | null>;
  /** The run or the slot under the pointer. */
  found: Signal<Found | null>;
  /** How far from an instant a slot may be and still be meant. */
  nearMs: number;
  point: (event: MouseEvent) => void;
  leave: () => void;
  /** Opens the run under the pointer. */
  open: (event: MouseEvent) => void;
}

/**
 * Follows the pointer.
 * @param axis the element that is as wide as the lanes are drawn
 */
export function usePointer(
  axis: RefObject<HTMLElement | null>,
  { fromAt, toAt }: Stretch,
  width: number,
): Pointer {
  const at = useSignal<number | null>(null);
  const found = useSignal<Found | null>(null);
  const msPerPx = (toAt - fromAt) / width;
  const nearMs = NEAR_PX * msPerPx;
  const atOf = (event: MouseEvent): number | null => {
    const x = event.clientX - (axis.current?.getBoundingClientRect().left ?? 0);
    return x < 0 || x > width ? null : fromAt + x * msPerPx;
  };
  const foundUnder = (event: MouseEvent): Found | null => {
    const [instant, lane] = [atOf(event), laneUnder(event)];
    return instant === null || lane === null ? null : foundIn(lane, instant, nearMs);
  };
  return {
    at,
    found,
    nearMs,
    point: (event) => {
      at.value = atOf(event);
      found.value = foundUnder(event);
    },
    leave: () => {
      at.value = null;
      found.value = null;
    },
    open: (event) => {
      const here = foundUnder(event);
      if (here !== null && 'bar' in here && here.bar.runId !== null)
        go({ screen: 'job', job: here.job, id: here.bar.runId });
    },
  };
}

/** Finds the lane that a pointer is over, by the name that its row has. */
function laneUnder(event: MouseEvent): Lane | null {
  const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-job]') : null;
  return lanes.value?.byJob.get(row?.dataset['job'] ?? '') ?? null;
}
