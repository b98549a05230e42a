import { expect, test } from 'vitest';
import type { Incident } from '../../src/core/model.ts';
import { closeTrouble, openTrouble, type Trouble } from '../../src/core/system.ts';

const BROKEN: Trouble = { kind: 'config', reason: 'config_invalid', detail: 'cronflow.yaml:3:5 unknown key' };

test('trouble is told once to each notifier, however often it is reported', () => {
  const first = openTrouble([], BROKEN, ['ops', 'pager'], 1000);
  expect(first.deliveries.map(({ id, kind }) => [id, kind])).toEqual([
    ['config-1000-0.ops.opened', 'opened'],
    ['config-1000-0.pager.opened', 'opened'],
  ]);
  expect(openTrouble(first.incidents, BROKEN, ['ops', 'pager'], 2000)).toEqual({
    incidents: [],
    deliveries: [],
  });
});

test('other trouble of the same kind is told again, and the end of both once', () => {
  const first = openTrouble([], BROKEN, ['ops'], 1000);
  const second = openTrouble(first.incidents, { ...BROKEN, detail: 'another' }, ['ops'], 2000);
  expect(second.incidents.map(({ closed_at: closedAt }) => closedAt)).toEqual([2000, null]);
  expect(second.deliveries).toHaveLength(1);
  const open = second.incidents.filter((incident: Incident) => incident.closed_at === null);
  const end = closeTrouble(open, 'config', 3000);
  expect(end.deliveries.map(({ kind, facts }) => [kind, facts.detail])).toEqual([['closed', 'another']]);
});

test('the end of what never was is nothing', () => {
  expect(closeTrouble([], 'config', 1000)).toEqual({ incidents: [], deliveries: [] });
  const open = openTrouble([], BROKEN, ['ops'], 1000).incidents;
  expect(closeTrouble(open, 'store', 2000)).toEqual({ incidents: [], deliveries: [] });
});
