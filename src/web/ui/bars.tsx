import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ShortRun } from '../../cli/api-types.ts';
import { nowAt, ZONE } from '../live/clock.ts';
import { type Bar, type BarKind, barsOf, barsText } from '../model/bars.ts';

const WIDTH = 4;
const STEP = 5;
const HEIGHT = 22;
const COUNT = 30;

/** The latest runs as bars, the latest at the right: how each ended by shape and colour, how long it took by height. */
export function Bars({ runs }: { runs: readonly ShortRun[] | undefined }): JSX.Element {
  const at = useSignal(-1);
  if (runs === undefined) return <span class="bars" />;
  // What a bar says has instants, which need not change with each second.
  const bars = barsOf(runs, nowAt.peek(), ZONE);
  const point = (event: PointerEvent): void => {
    const x = event.offsetX - (COUNT - bars.length) * STEP;
    at.value = x < 0 ? -1 : Math.floor(x / STEP);
  };
  const told = bars[at.value];
  return (
    <span
      class="bars"
      role="img"
      aria-label={barsText(runs)}
      title={told?.text ?? ''}
      onPointerMove={point}
      onPointerLeave={() => (at.value = -1)}
    >
      <svg width={COUNT * STEP} height={HEIGHT} aria-hidden="true">
        {bars.map((bar, index) => (
          <path
            key={bar.id}
            class={`bar-${bar.kind}`}
            d={shapeOf(bar, (COUNT - bars.length + index) * STEP)}
          />
        ))}
      </svg>
    </span>
  );
}

/** How the top or the body of a bar differs, so that outcomes are told apart without colour. */
const SHAPES: Readonly<Record<BarKind, (x: number, top: number) => string>> = {
  good: (x, top) => block(x, top, HEIGHT),
  // A notch cuts the bar in two.
  failed: (x) => block(x, 0, 9) + block(x, 12, HEIGHT),
  // It runs to the top and is drawn as a wedge.
  slow: (x) => `M${x} ${HEIGHT}V6L${x + WIDTH / 2} 0L${x + WIDTH} 6V${HEIGHT}Z`,
  // Only the outline is there, since nothing ran.
  missed: (x) => `${block(x, 0, HEIGHT)}M${x + 1} 1V${HEIGHT - 1}H${x + WIDTH - 1}V1Z`,
  idle: (x) => block(x, HEIGHT - 3, HEIGHT),
  open: (x, top) => block(x, top, top + 4) + block(x, top + 6, top + 10) + block(x, HEIGHT - 4, HEIGHT),
};

function shapeOf({ kind, height }: Bar, x: number): string {
  return SHAPES[kind](x, Math.round((1 - height) * (HEIGHT - 2)));
}

function block(x: number, top: number, bottom: number): string {
  return `M${x} ${top}H${x + WIDTH}V${bottom}H${x}Z`;
}
