import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Rows beyond the edge of the window are drawn too, so that scrolling shows no gap. */
const BEYOND = 8;

interface VirtualListProps<Item> {
  items: readonly Item[];
  /** The height of each row in pixels, which the style sheet must give it. */
  rowHeight: number;
  keyOf: (item: Item) => string;
  row: (item: Item, index: number) => JSX.Element;
  label: string;
  /** Called with the items that are drawn, when other ones are. */
  onShown?: (items: readonly Item[]) => void;
}

/** A list of which only the rows near the window are drawn. The page itself scrolls, so the keys do as everywhere. */
export function VirtualList<Item>(props: VirtualListProps<Item>): JSX.Element {
  const { items, rowHeight, keyOf, row, label, onShown } = props;
  const list = useRef<HTMLDivElement>(null);
  const stretch = useSignal({ first: 0, end: 40 });
  useEffect(() => {
    const look = (): void => {
      const top = -(list.current?.getBoundingClientRect().top ?? 0);
      const first = Math.max(0, Math.floor(top / rowHeight) - BEYOND);
      const end = Math.ceil((top + innerHeight) / rowHeight) + BEYOND;
      if (first !== stretch.value.first || end !== stretch.value.end) stretch.value = { first, end };
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    const observer = new ResizeObserver(look);
    observer.observe(document.body);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
      observer.disconnect();
    };
  }, [rowHeight]);
  const { first, end } = stretch.value;
  const shown = items.slice(first, Math.max(end, 0));
  const shownKey = shown.map(keyOf).join(' ');
  useEffect(() => onShown?.(shown), [shownKey]);
  return (
    <div
      ref={list}
      class="rows"
      role="list"
      aria-label={label}
      style={{ height: `${items.length * rowHeight}px` }}
    >
      <div style={{ transform: `translateY(${first * rowHeight}px)` }}>
        {shown.map((item, index) => (
          <div
            key={keyOf(item)}
            role="listitem"
            aria-setsize={items.length}
            aria-posinset={first + index + 1}
          >
            {row(item, first + index)}
          </div>
        ))}
      </div>
    </div>
  );
}
