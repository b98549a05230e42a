import { beforeEach, describe, expect, test } from 'vitest';
import { sessionShelf } from '../../../src/http/access/session-shelf.ts';
import { Sessions } from '../../../src/http/access/sessions.ts';
import { TokenBook } from '../../../src/http/access/token-book.ts';
import { DAY_MS, HOUR_MS } from '../../../src/schedule/units.ts';
import { MemoryStore } from '../../../src/store/local/memory.ts';
import { createFakeClock, type FakeClock } from '../../support/fake-clock.ts';

const TOKENS = { all: ['boss-token-of-32-characters-12345'], read: [], ping: [] };

let clock: FakeClock;
let store: MemoryStore;

beforeEach(() => {
  clock = createFakeClock();
  store = new MemoryStore({ twice: true, shared: true });
});

/** The sessions as one more instance has them. */
function instance(tokens = TOKENS): { sessions: Sessions; book: TokenBook } {
  const book = new TokenBook(tokens);
  return { sessions: new Sessions(clock, book, sessionShelf(clock, store)), book };
}

function cookie(id: string): string {
  return `cronflow_session=${id}`;
}

describe('sessions of instances that share a store', () => {
  test('count at every instance, and end at every one', async () => {
    const [a, b] = [instance(), instance()];
    const id = await a.sessions.open(a.book.find(TOKENS.all[0]!)!);
    expect((await b.sessions.find(cookie(id)))?.holder.name).toBe('CRONFLOW_TOKEN');
    await b.sessions.close(cookie(id));
    expect([await a.sessions.find(cookie(id)), await a.sessions.isOpen(cookie(id))]).toEqual([null, false]);
  });

  test('outlive an instance, and no id of one is stored', async () => {
    const a = instance();
    const id = await a.sessions.open(a.book.find(TOKENS.all[0]!)!);
    expect(await instance().sessions.isOpen(cookie(id))).toBe(true);
    expect(JSON.stringify(await store.meta('sessions'))).not.toContain(id);
  });

  test('are kept open by use at any instance, and end after 12 idle hours', async () => {
    const [a, b] = [instance(), instance()];
    const id = await a.sessions.open(a.book.find(TOKENS.all[0]!)!);
    await clock.advance(11 * HOUR_MS);
    await b.sessions.find(cookie(id));
    await clock.advance(11 * HOUR_MS);
    expect(await a.sessions.isOpen(cookie(id))).toBe(true);
    await clock.advance(HOUR_MS);
    expect(await a.sessions.isOpen(cookie(id))).toBe(false);
  });

  test('that are over leave the store when another one is used', async () => {
    const a = instance();
    const holder = a.book.find(TOKENS.all[0]!)!;
    await a.sessions.open(holder);
    await clock.advance(DAY_MS);
    const id = await a.sessions.open(holder);
    await clock.advance(HOUR_MS);
    await a.sessions.find(cookie(id));
    expect(await store.meta('sessions')).toHaveLength(1);
  });

  test('end everywhere where one instance finds that their token is gone', async () => {
    const [a, b] = [instance(), instance({ ...TOKENS, all: ['another-token-of-32-characters-12'] })];
    const id = await a.sessions.open(a.book.find(TOKENS.all[0]!)!);
    expect(await b.sessions.find(cookie(id))).toBeNull();
    expect(await a.sessions.find(cookie(id))).toBeNull();
  });

  test('are not written for every request', async () => {
    const a = instance();
    const id = await a.sessions.open(a.book.find(TOKENS.all[0]!)!);
    const before = await store.meta('sessions');
    await clock.advance(60_000);
    await a.sessions.find(cookie(id));
    expect(await store.meta('sessions')).toEqual(before);
  });
});
