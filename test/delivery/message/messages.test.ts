import { expect, test } from 'vitest';
import { REASONS } from '../../../src/core/model/reasons.ts';
import { render } from '../support/render.ts';
import { TELLINGS } from '../support/tellings.ts';

// One file for each reason, in full, as the real core has it come about; `vitest -u` writes them anew.
test.each(Object.keys(TELLINGS))('a message tells of %s', async (name) => {
  const message = await TELLINGS[name]!();
  // Ids of jobs are random.
  const text = render(message).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'JOB');
  await expect(`${text}\n`).toMatchFileSnapshot(`messages/${name}.txt`);
});

test('there is a message for each reason for which an incident opens, and of each kind', async () => {
  const messages = await Promise.all(Object.values(TELLINGS).map((tell) => tell()));
  const reasons = new Set(messages.map(({ source }) => source.delivery.facts.reason));
  // What a run or a slot ends with, and what is wrong with Cronflow itself; all others open nothing.
  const opening = REASONS.filter((reason) => {
    const at = REASONS.indexOf(reason);
    return (at > 0 && at <= REASONS.indexOf('never_seen')) || at >= REASONS.indexOf('config_invalid');
  });
  expect(opening.filter((reason) => !reasons.has(reason))).toEqual([]);
  expect(new Set(messages.map(({ kind }) => kind))).toEqual(
    new Set(['opened', 'reminder', 'closed', 'opened_and_closed', 'closed_silently', 'merged']),
  );
});
