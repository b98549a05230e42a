import type { Message } from './message.ts';

/** What became of one attempt to send. One place (the worker) decides what to do about it. */
export type SendResult =
  | { result: 'ok' }
  /** Try again, not before `afterMs` if the receiver said so. */
  | { result: 'retry'; detail: string; afterMs?: number }
  /** Trying again is pointless until the configuration changes. */
  | { result: 'permanent'; detail: string };

/** A configured destination. One folder per kind. */
export interface Notifier {
  readonly name: string;
  readonly type: string;
  /** Never throws; ends within `signal`. */
  send(message: Message, signal: AbortSignal): Promise<SendResult>;
  close(): Promise<void>;
}
