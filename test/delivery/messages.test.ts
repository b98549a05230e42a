import { expect, it } from 'vitest';
import { render } from './support/render.ts';
import { TELLINGS } from './support/tellings.ts';

// One file for each reason, in full, as the real core has it come about; `vitest -u` writes them anew.
it.each(Object.keys(TELLINGS))('%s', async (name) => {
  const message = await TELLINGS[name]!();
  // Ids of jobs are random.
  const text = render(message).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'JOB');
  await expect(`${text}\n`).toMatchFileSnapshot(`messages/${name}.txt`);
});
