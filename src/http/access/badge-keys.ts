import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { BadgeSubject } from '../../core/model/badge.ts';
import type { Store } from '../../store/store.ts';

/** The secret from which the keys of all badges are made. */
const SECRET_KEY = 'badge_secret';
const SECRET_BYTES = 32;
/** Nobody guesses one of 2^144. */
const KEY_LENGTH = 24;

/**
 * The keys that stand in the addresses of badges which anybody may see. A key belongs to one subject, and follows from a
 * secret of the store, so that nobody can guess it, and an address stays the same for as long as the store does.
 */
export class BadgeKeys {
  readonly #store: Store;
  #secret: string | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the key of a subject. The first that is ever asked for makes the secret. */
  async keyOf(subject: BadgeSubject): Promise<string> {
    return keyFrom((await this.#known()) ?? (await this.#made()), subject);
  }

  /** Tells whether a key is that of a subject. A store that never gave one away is not changed by it. */
  async fits(key: string, subject: BadgeSubject): Promise<boolean> {
    const secret = await this.#known();
    if (secret === null) return false;
    const [expected, given] = [Buffer.from(keyFrom(secret, subject)), Buffer.from(key)];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  async #known(): Promise<string | null> {
    if (this.#secret === null) {
      const kept = await this.#store.meta(SECRET_KEY);
      if (typeof kept === 'string') this.#secret = kept;
    }
    return this.#secret;
  }

  async #made(): Promise<string> {
    const fresh = randomBytes(SECRET_BYTES).toString('hex');
    this.#secret = await this.#store.transact({ meta: [SECRET_KEY] }, (tx) => {
      const kept = tx.meta(SECRET_KEY);
      if (typeof kept === 'string') return kept;
      tx.putMeta(SECRET_KEY, fresh);
      return fresh;
    });
    return this.#secret;
  }
}

function keyFrom(secret: string, subject: BadgeSubject): string {
  const name = 'name' in subject ? subject.name : '';
  return createHmac('sha256', secret)
    .update(JSON.stringify([subject.of, name]))
    .digest('base64url')
    .slice(0, KEY_LENGTH);
}
