import type { Message } from '../message/message.ts';
import type { SendResult } from '../notifier.ts';
import type { HttpAnswer } from '../transport/http-answer.ts';

/** One request to a receiver. */
export interface Post {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** The way in which one kind of receiver is spoken to. */
export interface WebhookFormat {
  /** Its name for people, e.g. `Discord`. */
  readonly receiver: string;
  readonly concurrency: number;
  readonly keepsState: boolean;
  /** Writes the request; null where there can be none for this address, and `complaint` says why. */
  postOf(message: Message, url: URL, nowAt: number): Post | null;
  readonly complaint?: string;
  /** Writes the request in plain text, for a receiver that refused the markup; null where it did not. */
  plainPostOf?(message: Message, url: URL, answer: HttpAnswer): Post | null;
  /** Reads from the answer more than its status says; null where there is nothing more. */
  readAnswer?(answer: HttpAnswer): SendResult | null;
}
