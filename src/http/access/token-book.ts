import { createHash, timingSafeEqual } from 'node:crypto';
import type { NamedToken, PingLimits, Scope } from '../../core/model/named-token.ts';
import { TOKEN_VARIABLES, type Tokens } from './tokens.ts';

/** Whoever sends a token that is known. */
export interface Holder {
  /** The name in the file of tokens, or that of the variable. */
  name: string;
  scopes: ReadonlySet<Scope>;
  /** The jobs that may be pinged; null for all. */
  only: PingLimits | null;
  /** The hash of the token, in hexadecimal, by which a session finds it again. */
  sha256: string;
  /** The instant from which on the token counts no more; null for never. */
  expires_at: number | null;
}

interface Entry extends Omit<Holder, 'scopes'> {
  allows: Scope;
  digest: Buffer;
}

/** All tokens that are accepted: those of the variables, and those of the file, which may change at any time. */
export class TokenBook {
  readonly #fixed: readonly Entry[];
  readonly #named: () => readonly NamedToken[] | null;
  #read: readonly NamedToken[] | null = null;
  #entries: readonly Entry[];

  /** @param named the tokens of the file as of now; null where there is no such file */
  constructor(tokens: Tokens, named: () => readonly NamedToken[] | null = () => null) {
    this.#fixed = (['all', 'read', 'ping'] as const).flatMap((allows) =>
      tokens[allows].map((value) => {
        const digest = digestOf(value);
        const hash = { digest, sha256: digest.toString('hex') };
        return { name: TOKEN_VARIABLES[allows], allows, only: null, expires_at: null, ...hash };
      }),
    );
    this.#entries = this.#fixed;
    this.#named = named;
  }

  /** Tells whether every request but a few needs a token. A file of tokens says so even if all of them have expired. */
  get isNeeded(): boolean {
    return this.#now().length > 0 || this.#read !== null;
  }

  /**
   * Finds whoever a token belongs to, also if it has expired. Every accepted token is compared, in constant time, and as
   * a hash, so that comparing tells nothing about the length either.
   */
  find(token: string): Holder | null {
    return this.#holderOf(digestOf(token));
  }

  /** Finds the holder of a token again by its hash; null once the token is withdrawn. */
  findAgain(sha256: string): Holder | null {
    return this.#holderOf(Buffer.from(sha256, 'hex'));
  }

  #holderOf(digest: Buffer): Holder | null {
    const same = this.#now().filter((entry) => timingSafeEqual(entry.digest, digest));
    const [first] = same;
    if (first === undefined) return null;
    const { name, sha256 } = first;
    // One value may be set for two uses. It is as free as the freest of them.
    const only = same.every((entry) => entry.only !== null) ? first.only : null;
    const ends = same.map((entry) => entry.expires_at ?? Infinity);
    const endsAt = Math.max(...ends);
    const scopes = new Set(same.map(({ allows }) => allows));
    return { name, sha256, only, scopes, expires_at: endsAt === Infinity ? null : endsAt };
  }

  #now(): readonly Entry[] {
    const named = this.#named();
    if (named !== this.#read) {
      this.#read = named;
      const entries = (named ?? []).map((token) => ({ ...token, digest: Buffer.from(token.sha256, 'hex') }));
      this.#entries = [...this.#fixed, ...entries];
    }
    return this.#entries;
  }
}

function digestOf(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
