import { describe, expect, test } from 'vitest';
import { addressOf, placeOf } from '../../src/web/model/address.ts';

describe('each place in the dashboard has an address', () => {
  test.each([
    ['/', { screen: 'now' }],
    ['/ui/timeline', { screen: 'timeline' }],
    ['/ui/jobs/a%22b', { screen: 'job', job: 'a"b' }],
    ['/ui/jobs/backup/runs/3f-7', { screen: 'job', job: 'backup', id: '3f-7' }],
    ['/ui/incidents', { screen: 'incidents' }],
    ['/ui/incidents/i1', { screen: 'incident', id: 'i1' }],
    ['/ui/check', { screen: 'check' }],
  ])('%s', (path, place) => {
    for (const base of ['', '/tools/cron']) {
      const read = placeOf(`${base}${path}`, '', base);
      expect(read).toEqual({ job: null, id: null, query: {}, ...place });
      expect(addressOf(read, base)).toBe(`${base}${path}`);
    }
  });

  test.each([
    '/jobs/x',
    '/ui',
    '/ui/nowhere',
    '/ui/now',
    '/ui/jobs',
    '/ui/jobs/a/b/c',
    '/ui/check/more',
    '/ui/jobs/a/runs/b/c',
  ])('%s is none', (path) => {
    expect(placeOf(path, '', '').screen).toBe('nothing');
  });

  test('what the reader chose is kept in the query, and empty choices are left out', () => {
    const address = addressOf({ screen: 'now', query: { q: 'a b&c', group: '' } }, '');
    expect(address).toBe('/?q=a+b%26c');
    expect(placeOf('/', '?q=a+b%26c', '').query).toEqual({ q: 'a b&c' });
  });

  test('a part that cannot be decoded is read as it is', () => {
    expect(placeOf('/ui/jobs/%zz', '', '').job).toBe('%zz');
  });
});
