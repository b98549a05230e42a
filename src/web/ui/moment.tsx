import type { JSX } from 'preact';
import { nowAt, ZONE } from '../live/clock.ts';
import { agoText, aheadText, clockText, fullText, stretchText } from '../model/time.ts';

/** An instant as a time of day. The tooltip has it in full. */
export function Clock({ at }: { at: number }): JSX.Element {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullText(at, ZONE)}>
      {clockText(at, nowAt.value, ZONE)}
    </time>
  );
}

/** An instant as how long ago it was, or how far ahead it is. */
export function Distance({ at }: { at: number }): JSX.Element {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullText(at, ZONE)}>
      {at > nowAt.value ? aheadText(at, nowAt.value) : agoText(at, nowAt.value)}
    </time>
  );
}

/** An instant that has been, as how long ago it was, also where the clock of the reader is a little slow. */
export function Ago({ at }: { at: number }): JSX.Element {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullText(at, ZONE)}>
      {agoText(at, nowAt.value)}
    </time>
  );
}

/** How long something has been going on. */
export function Since({ at }: { at: number }): JSX.Element {
  return <span title={fullText(at, ZONE)}>{stretchText(Math.max(0, nowAt.value - at))}</span>;
}
