import { isIPv6 } from 'node:net';
import type { Clock } from '../../clock.ts';
import { forgetOldest } from '../../core/model/bounded.ts';
import { MINUTE_MS } from '../../schedule/units.ts';

/** Within this time an address may be wrong so often, and all addresses together. */
const WINDOW_MS = 5 * MINUTE_MS;
const FAILURES_MAX = 10;
const ALL_FAILURES_MAX = 300;
/** So many addresses are remembered; beyond them the one that began first is forgotten. The limit for all still holds. */
const ADDRESSES_MAX = 10_000;
const EVERYBODY = 'everybody';

interface Window {
  sinceMs: number;
  count: number;
}

/** Limits how often somebody may try a wrong token at the login, by address and over all (docs/design.md §8). */
export class LoginLimit {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();
  readonly #everybody = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns after how many milliseconds this address may try again; 0 for now. */
  waitMs(address: string | null): number {
    const own = this.#waitMs(this.#windows, keyOf(address), FAILURES_MAX);
    return Math.max(own, this.#waitMs(this.#everybody, EVERYBODY, ALL_FAILURES_MAX));
  }

  /** Counts a wrong token. */
  failed(address: string | null): void {
    this.#count(this.#windows, keyOf(address));
    this.#count(this.#everybody, EVERYBODY);
    forgetOldest(this.#windows, ADDRESSES_MAX);
  }

  #waitMs(windows: Map<string, Window>, key: string, max: number): number {
    const window = windows.get(key);
    if (window === undefined || window.count < max) return 0;
    return Math.max(0, window.sinceMs + WINDOW_MS - this.#clock.monotonic());
  }

  #count(windows: Map<string, Window>, key: string): void {
    const nowMs = this.#clock.monotonic();
    const window = windows.get(key);
    const goesOn = window !== undefined && nowMs - window.sinceMs < WINDOW_MS;
    if (goesOn) window.count += 1;
    else {
      windows.delete(key);
      windows.set(key, { sinceMs: nowMs, count: 1 });
    }
  }
}

/** Takes the network of an IPv6 address for the address, because whoever has one has all of them. */
function keyOf(address: string | null): string {
  if (address === null) return 'unknown';
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.toLowerCase().split('%', 1)[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - behind.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...behind];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
