import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Answer } from '../api/client.ts';
import { useResource } from '../live/resource.ts';
import type { Change } from '../model/stream.ts';
import { Failure } from './notice.tsx';

interface PagesProps<Item> {
  /** What is listed; another name lists something else, from its first page. */
  name: string;
  /** Asks for the first page. */
  first: (signal: AbortSignal) => Promise<Answer<Item[]>>;
  /** Asks for the page after one. */
  after: (next: string) => Promise<Answer<Item[]>>;
  concerns: (change: Change) => boolean;
  /** What stands in place of an empty list. */
  empty: ComponentChildren;
  children: (items: readonly Item[]) => JSX.Element;
}

interface Listed<Item> {
  items: Item[];
  next: string | null;
  total: number | null;
}

/** A list that is asked for a page at a time: the first at once, and others when somebody wants more. */
export function Pages<Item>(props: PagesProps<Item>): JSX.Element {
  const { name, first, after, concerns, empty, children } = props;
  const wanted = useRef({ name, count: 1 });
  const failed = useSignal<Error | null>(null);
  if (wanted.current.name !== name) wanted.current = { name, count: 1 };
  const load = async (signal: AbortSignal): Promise<Listed<Item>> => {
    let answer = await first(signal);
    const items = [...answer.body];
    for (let page = 1; page < wanted.current.count && answer.next !== null; page += 1) {
      answer = await after(answer.next);
      items.push(...answer.body);
    }
    return { items, next: answer.next, total: answer.total };
  };
  const loaded = useResource(name, load, concerns);
  const { data, error } = loaded.value;
  if (data === null) return error === null ? <p class="loading">Loading …</p> : <Failure error={error} />;
  if (data.items.length === 0) return <>{empty}</>;
  const showMore = async (): Promise<void> => {
    wanted.current.count += 1;
    try {
      loaded.value = { ...loaded.value, data: await load(new AbortController().signal) };
      failed.value = null;
    } catch (cause) {
      failed.value = cause as Error;
    }
  };
  return (
    <>
      {children(data.items)}
      {data.next !== null && (
        <p class="more">
          <button type="button" onClick={() => void showMore()}>
            Show more{data.total !== null && ` (${data.items.length} of ${data.total})`}
          </button>
          {failed.value !== null && <span role="alert">{failed.value.message}</span>}
        </p>
      )}
    </>
  );
}
