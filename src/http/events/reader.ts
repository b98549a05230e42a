import { PassThrough } from 'node:stream';

/** The media type of server-sent events. */
export const EVENT_STREAM = 'text/event-stream';
/** A reader that has so many bytes waiting is too slow, and starts anew from a fresh state. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** Which jobs a reader hears of; a key that is absent does not select. */
export interface EventFilter {
  job?: string;
  group?: string;
  tag?: string;
}

/** One client that listens to events. */
export class EventReader {
  readonly filter: EventFilter;
  /** Readers with the same filter get the same bytes. */
  readonly filterKey: string;
  readonly stream = new PassThrough();

  /** Tells whether the client may still listen, because a token may be withdrawn meanwhile. */
  readonly mayListen: () => Promise<boolean>;

  constructor(filter: EventFilter, mayListen: () => Promise<boolean>) {
    this.filter = filter;
    this.mayListen = mayListen;
    this.filterKey = JSON.stringify([filter.job, filter.group, filter.tag]);
  }

  /** Sends text on its way, or ends a connection whose client does not keep up. */
  send(bytes: Buffer): void {
    if (this.stream.destroyed) return;
    if (this.stream.readableLength + this.stream.writableLength > WAITING_BYTES_MAX) this.stream.destroy();
    else this.stream.write(bytes);
  }
}
