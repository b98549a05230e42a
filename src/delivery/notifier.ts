import type { Message } from './message.ts';

/** What became of one attempt to send. One place (the worker) decides what to do about it. */
export type SendResult =
  | { result: 'ok' }
  /** Try again; nothing at all to this notifier before `afterMs`, if the receiver said so. */
  | { result: 'retry'; detail: string; afterMs?: number }
  /** Trying again is pointless until the configuration changes. */
  | { result: 'permanent'; detail: string };

/** A configured destination. One folder per kind. */
export interface Notifier {
  readonly name: string;
  readonly type: string;
  /** How many messages it takes at a time; its own pace, if it keeps one, comes on top. */
  readonly concurrency: number;
  /**
   * Sends once, without repeating. Never throws; ends soon after `signal` aborts. What it answers holds no
   * secret: it goes to the log and the API.
   */
  send(message: Message, signal: AbortSignal): Promise<SendResult>;
  /** Waits for what is being sent. */
  close(): Promise<void>;
}
