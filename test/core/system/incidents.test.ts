import { describe, expect, test } from 'vitest';
import type { SystemIncident } from '../../../src/core/model/records.ts';
import {
  type Audience,
  closeRemoved,
  closeTrouble,
  openTrouble,
  pastTrouble,
  remindOfTrouble,
  type SystemChange,
  type Trouble,
} from '../../../src/core/system/incidents.ts';
import { HOUR_MS } from '../../../src/schedule/units.ts';

const BROKEN: Trouble = { kind: 'config', reason: 'config_invalid', detail: 'cronflow.yaml:3:5 unknown key' };
const MUTE: Trouble = { kind: 'notifier', reason: 'notifier_failing', subject: 'ops', detail: 'it is gone' };

function to(...notify: string[]): Audience {
  return { notify, remindEveryMs: null };
}

const idsOf = ({ deliveries }: SystemChange): string[] => deliveries.map(({ id }) => id);

test('trouble is told once to each notifier, however often it is reported', () => {
  const first = openTrouble([], BROKEN, to('ops', 'pager'), 1000);
  expect(first.deliveries.map(({ id, kind }) => [id, kind])).toEqual([
    ['config-1000-0.ops.opened', 'opened'],
    ['config-1000-0.pager.opened', 'opened'],
  ]);
  expect(openTrouble(first.incidents, BROKEN, to('ops', 'pager'), 2000)).toEqual({
    incidents: [],
    deliveries: [],
  });
});

test('other trouble of the same kind is told again, and the end of both is told once', () => {
  const first = openTrouble([], BROKEN, to('ops'), 1000);
  const second = openTrouble(first.incidents, { ...BROKEN, detail: 'another' }, to('ops'), 2000);
  expect(second.incidents.map(({ closed_at: closedAt }) => closedAt)).toEqual([2000, null]);
  // There is no message of its own, but an alert that is kept up for the first incident must not stay up for ever.
  expect(second.deliveries.map(({ incident_id: id, kind }) => [id, kind])).toEqual([
    [first.incidents[0]!.id, 'closed_silently'],
    [second.incidents[1]!.id, 'opened'],
  ]);
  const open = second.incidents.filter((incident: SystemIncident) => incident.closed_at === null);
  const end = closeTrouble(open, { kind: 'config' }, 3000);
  expect(end.deliveries.map(({ kind, facts }) => [kind, facts.detail])).toEqual([['closed', 'another']]);
});

test('each of several things is told once while the trouble lasts, wherever it stands and in whatever company', () => {
  let open: readonly SystemIncident[] = [];
  const told: (string | undefined)[] = [];
  const report = (detail: string, causes: readonly string[], at: number): void => {
    const change = openTrouble(open, { ...BROKEN, detail, causes }, to('ops'), at);
    const changed = new Set(change.incidents.map(({ id }) => id));
    open = [...open.filter(({ id }) => !changed.has(id)), ...change.incidents].filter(
      ({ closed_at: closedAt }) => closedAt === null,
    );
    if (change.deliveries.some(({ kind }) => kind === 'opened')) told.push(detail);
  };
  report('3:5 a', ['a'], 1000);
  report('4:5 a', ['a'], 2000);
  expect(open).toMatchObject([{ opened_at: 1000, detail: '4:5 a' }]);
  report('a and b', ['a', 'b'], 3000);
  report('b', ['b'], 4000);
  report('a', ['a'], 5000);
  expect(open).toMatchObject([{ opened_at: 3000, detail: 'a' }]);
  report('c', ['c'], 6000);
  report('a', ['a'], 7000);
  expect(told).toEqual(['3:5 a', 'a and b', 'c']);
  const end = closeTrouble(open, { kind: 'config' }, 8000);
  expect(end.deliveries.map(({ kind }) => kind)).toEqual(['closed']);
  open = [];
  report('a', ['a'], 9000);
  expect(told.at(-1)).toBe('a');
});

test('trouble that never was has no end to tell', () => {
  expect(closeTrouble([], { kind: 'config' }, 1000)).toEqual({ incidents: [], deliveries: [] });
  const open = openTrouble([], BROKEN, to('ops'), 1000).incidents;
  expect(closeTrouble(open, { kind: 'store' }, 2000)).toEqual({ incidents: [], deliveries: [] });
});

test('the failure of each notifier is told to the others, once however it fails', () => {
  const first = openTrouble([], MUTE, to('ops', 'pager', 'mail'), 1000);
  expect(idsOf(first)).toEqual(['notifier-1000-0.pager.opened', 'notifier-1000-0.mail.opened']);
  const again = openTrouble(first.incidents, { ...MUTE, detail: 'it is slow' }, to('ops', 'pager'), 2000);
  expect(again).toEqual({ incidents: [], deliveries: [] });
  const other = openTrouble(first.incidents, { ...MUTE, subject: 'pager' }, to('ops', 'pager'), 2000);
  expect(idsOf(other)).toEqual(['notifier-2000-1.ops.opened']);
  const end = closeTrouble(
    [...first.incidents, ...other.incidents],
    { kind: 'notifier', subject: 'ops' },
    3000,
  );
  expect(idsOf(end)).toEqual(['notifier-1000-0.pager.closed', 'notifier-1000-0.mail.closed']);
});

test('a notifier that is no longer configured is no trouble, and no message says that it works', () => {
  const { incidents } = openTrouble([], MUTE, to('ops', 'pager'), 1000);
  expect(closeRemoved(incidents, ['ops', 'pager'], 2000).incidents).toEqual([]);
  const change = closeRemoved(incidents, ['pager'], 2000);
  expect(change.incidents).toMatchObject([{ closed_at: 2000, close_reason: 'removed' }]);
  expect(change.deliveries.map(({ kind }) => kind)).toEqual(['closed_silently']);
});

test('trouble that was told without the outbox is stored when it is over, and its end is owed', () => {
  const store: Trouble = { kind: 'store', reason: 'store_failing', detail: 'the disk is full' };
  const change = pastTrouble(store, ['ops'], 1000, 5000);
  expect(change.incidents).toMatchObject([{ opened_at: 1000, closed_at: 5000, told: ['ops'] }]);
  expect(idsOf(change)).toEqual(['store-1000.ops.closed']);
  expect(change.deliveries[0]!.facts).toMatchObject({ at: 5000, incident_opened_at: 1000 });
});

describe('reminders of system incidents', () => {
  const hourly: Audience = { notify: ['ops'], remindEveryMs: HOUR_MS };
  const [open] = openTrouble([], BROKEN, hourly, 0).incidents as [SystemIncident];

  test('come every remind_every, and one stands for those that were missed', () => {
    expect(remindOfTrouble([open], hourly, HOUR_MS - 1).incidents).toEqual([]);
    const first = remindOfTrouble([open], hourly, HOUR_MS);
    expect(idsOf(first)).toEqual(['config-0-0.ops.reminder.1']);
    expect(first.deliveries[0]!.facts.at).toBe(HOUR_MS);
    const late = remindOfTrouble(first.incidents, hourly, 5.5 * HOUR_MS);
    expect(idsOf(late)).toEqual(['config-0-0.ops.reminder.2']);
    expect(late.incidents).toMatchObject([{ reminder_count: 2, next_reminder_at: 6.5 * HOUR_MS }]);
    const { incidents: ended } = closeTrouble(late.incidents, { kind: 'config' }, 6 * HOUR_MS);
    expect(ended).toMatchObject([{ next_reminder_at: null }]);
  });

  test('do not come while the incident is acknowledged', () => {
    const acknowledged = { ...open, acknowledged_until_at: 10 * HOUR_MS };
    for (const at of [HOUR_MS, 10 * HOUR_MS - 1]) {
      expect(remindOfTrouble([acknowledged], hourly, at)).toEqual({ incidents: [], deliveries: [] });
    }
    expect(idsOf(remindOfTrouble([acknowledged], hourly, 10 * HOUR_MS))).toHaveLength(1);
  });

  test('come no sooner for an acknowledgement that ends before they are due', () => {
    const acknowledged = { ...open, acknowledged_until_at: HOUR_MS / 2 };
    const dueAts: number[] = [];
    let incidents: readonly SystemIncident[] = [acknowledged];
    for (const at of [1, HOUR_MS / 2, HOUR_MS - 1, HOUR_MS]) {
      const change = remindOfTrouble(incidents, hourly, at);
      if (change.deliveries.length > 0) dueAts.push(at);
      if (change.incidents.length > 0) incidents = change.incidents;
    }
    expect(dueAts).toEqual([HOUR_MS]);
  });

  test('do not go to a notifier taken out of the defaults, which is still told of the end', () => {
    const both: Audience = { notify: ['ops', 'pager'], remindEveryMs: HOUR_MS };
    const { incidents } = openTrouble([], BROKEN, both, 0);
    const reminded = remindOfTrouble(incidents, { ...both, notify: ['pager'] }, HOUR_MS);
    expect(idsOf(reminded)).toEqual(['config-0-0.pager.reminder.1']);
    const end = closeTrouble(reminded.incidents, { kind: 'config' }, 2 * HOUR_MS);
    expect(idsOf(end)).toEqual(['config-0-0.ops.closed', 'config-0-0.pager.closed']);
  });

  test('begin and end when the defaults say so, and come sooner after the clock was set back', () => {
    const never = remindOfTrouble([open], to('ops'), HOUR_MS);
    expect(never).toMatchObject({ incidents: [{ next_reminder_at: null }], deliveries: [] });
    const anew = remindOfTrouble(never.incidents, hourly, 2 * HOUR_MS);
    expect(anew).toMatchObject({ incidents: [{ next_reminder_at: 3 * HOUR_MS }], deliveries: [] });
    const set = remindOfTrouble(anew.incidents, hourly, HOUR_MS);
    expect(set.incidents).toMatchObject([{ next_reminder_at: 2 * HOUR_MS }]);
  });

  test('do not go to a notifier that joins the defaults, which is told of the open incidents instead', () => {
    const joined = remindOfTrouble([open], { notify: ['ops', 'pager'], remindEveryMs: HOUR_MS }, HOUR_MS);
    expect(idsOf(joined)).toEqual(['config-0-0.pager.opened', 'config-0-0.ops.reminder.1']);
    expect(joined.incidents).toMatchObject([{ told: ['ops', 'pager'] }]);
    const mute = openTrouble([], MUTE, to('ops'), 0).incidents;
    expect(remindOfTrouble(mute, to('ops'), 1).incidents).toEqual([]);
    expect(idsOf(remindOfTrouble(mute, to('ops', 'mail'), 1))).toEqual(['notifier-0-0.mail.opened']);
  });
});
