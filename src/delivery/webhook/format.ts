import type { Message } from '../message/message.ts';
import type { SendResult } from '../notifier.ts';
import type { HttpAnswer } from '../transport/http-answer.ts';

/** One request to a receiver. */
export interface Post {
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
}

/** How one kind of receiver is spoken to. */
export interface WebhookFormat {
  /** For people, e.g. `Discord`. */
  readonly receiver: string;
  readonly concurrency: number;
  readonly keepsState: boolean;
  /** Null: there can be none for this address; `complaint` says why. */
  postOf(message: Message, url: URL, nowAt: number): Post | null;
  readonly complaint?: string;
  /** The same in the plainest words, for a receiver that took offence at the markup; null: that is not so. */
  plainPostOf?(message: Message, url: URL, answer: HttpAnswer): Post | null;
  /** What the answer says beyond its status; null: nothing. */
  readAnswer?(answer: HttpAnswer): SendResult | null;
}
