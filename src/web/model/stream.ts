/** Reads server-sent events (the stream of `GET /events`) out of a text that comes in pieces. */

/** Where the stream has not begun after so long, as behind a proxy that holds it back, the page does not wait for it. */
export const BEGIN_MS_MAX = 3_000;

export interface StreamEvent {
  id: string;
  type: string;
  data: string;
}

/** Collects the pieces of a stream. An event counts once the empty line behind it has come. */
export class EventText {
  #rest = '';

  /** Takes the next piece and returns the events that are complete with it. Comments are none. */
  take(piece: string): StreamEvent[] {
    const blocks = (this.#rest + piece.replaceAll('\r\n', '\n')).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => eventOf(block) ?? []);
  }
}

function eventOf(block: string): StreamEvent | null {
  const event: StreamEvent = { id: '', type: 'message', data: '' };
  for (const line of block.split('\n')) {
    const [, key = '', value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
    if (key === 'id') event.id = value;
    else if (key === 'event') event.type = value;
    else if (key === 'data') event.data += event.data === '' ? value : `\n${value}`;
  }
  return event.data === '' ? null : event;
}

/** What has changed, as an event says it. `fresh` says that anything may have. */
export interface Change {
  type: 'fresh' | 'job' | 'run' | 'incident' | 'delivery' | 'configuration' | 'deleted';
  /** The id of what changed; null for `fresh` and `configuration`. */
  id: string | null;
  /** The name of the job that it is about; null for none. */
  job: string | null;
  /** What is gone; only with `deleted`. Old runs, incidents and messages go all the time. */
  of?: string | undefined;
}

/** Says that anything may have changed. */
export const ANYTHING: Change = { type: 'fresh', id: null, job: null };

const CHANGE_TYPES = ['fresh', 'job', 'run', 'incident', 'delivery', 'configuration', 'deleted'] as const;

/** Tells whether a change may have changed anything about any job, so that all of them must be looked at again. */
export function concernsAll({ type, of }: Change): boolean {
  return type === 'fresh' || type === 'configuration' || (type === 'deleted' && of === 'job');
}

/** Reads what an event says; null for one that this page does not know. */
export function changeOf({ type, data }: StreamEvent): Change | null {
  const known = CHANGE_TYPES.find((each) => each === type);
  if (known === undefined) return null;
  try {
    type Data = { id?: string | null; job?: string | null; of?: string };
    const { id = null, job = null, of } = JSON.parse(data) as Data;
    return { type: known, id, job, ...(of === undefined ? {} : { of }) };
  } catch {
    return null;
  }
}
