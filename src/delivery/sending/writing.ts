import type { Clock } from '../../clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Store } from '../../store/store.ts';
import { bareMessageOf, messageOf } from '../message/compose.ts';
import { bareMergedMessageOf, mergedMessageOf } from '../message/merged.ts';
import type { Message, SourceUrlOf } from '../message/message.ts';
import type { Redact } from '../message/redact.ts';
import { loadContext } from './context.ts';
import type { Parcel } from './parcel.ts';
import { errorText } from '../../core/model/errors.ts';

export interface WritingOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
  /** Returns the address for links in messages, without a trailing slash. */
  publicUrl: () => string | null;
  /** Finds the address at which people read the line that declares a job. */
  sourceUrlOf?: SourceUrlOf;
  /** Hides secrets in text that is quoted from outside. */
  redact: Redact;
}

/**
 * Writes the message of a parcel, or a bare one where a bug keeps the full one from being written.
 * @param deadCount messages to the notifier that were given up since one last got through
 * @throws CronflowError when the store cannot be read
 */
export async function write(options: WritingOptions, parcel: Parcel, deadCount: number): Promise<Message> {
  const { store, clock, logger, publicUrl, sourceUrlOf, redact } = options;
  const { head, closing, items } = parcel;
  const around = {
    nowAt: clock.now(),
    publicUrl: publicUrl(),
    ...(sourceUrlOf && { sourceUrlOf }),
    deadCount,
    redact,
  };
  const context =
    items === null ? await loadContext(store, head, { ...around, closing: closing?.facts ?? null }) : null;
  try {
    if (items !== null) return mergedMessageOf(items, around);
    if (context !== null) return messageOf(head, context);
  } catch (error) {
    logger.error('a message could not be written', { delivery: head.id, error: errorText(error) });
  }
  return items === null ? bareMessageOf(head, closing !== null) : bareMergedMessageOf(items);
}
