import { computed, signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { BASE } from './api/base.ts';
import { addressOf, type Place, placeOf, type ScreenName } from './model/address.ts';

const address = signal({ path: location.pathname, search: location.search });

/** Where in the dashboard the reader is. */
export const place = computed<Place>(() => placeOf(address.value.path, address.value.search, BASE));

/** Where a link leads to: a screen, and what it shows. */
export type Target = Partial<Place> & { screen: ScreenName };

/** Follows the back and forward buttons. */
export function startRouter(): void {
  addEventListener('popstate', () => {
    address.value = { path: location.pathname, search: location.search };
  });
}

/** Goes to a place. */
export function go(target: Target, how: 'push' | 'replace' = 'push'): void {
  const wanted = addressOf(target, BASE);
  if (wanted === location.pathname + location.search) return;
  const isOtherPath = wanted.split('?', 1)[0] !== location.pathname;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', wanted);
  address.value = { path: location.pathname, search: location.search };
  if (isOtherPath) {
    scrollTo(0, 0);
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  }
}

/** Changes a part of the query of the place, such as a filter. An empty value takes its key out. */
export function changeQuery(
  changes: Readonly<Record<string, string>>,
  how: 'push' | 'replace' = 'push',
): void {
  go({ ...place.value, query: { ...place.value.query, ...changes } }, how);
}

interface LinkProps {
  to: Target;
  children: ComponentChildren;
  class?: string | undefined;
  title?: string | undefined;
  'aria-current'?: 'page' | undefined;
  'aria-label'?: string | undefined;
}

/** A link within the dashboard. It is a real one, so that it can be copied and opened in a new tab. */
export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={addressOf(to, BASE)} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
