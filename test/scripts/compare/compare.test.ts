import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HANG_LIMIT_MS } from '../../support/limits.ts';
import { CALLERS } from './cases/callers.ts';
import { COMMANDS } from './cases/commands.ts';
import { ENVIRONMENT } from './cases/environment.ts';
import { REPLACED } from './cases/helpers.ts';
import { SCARCITY } from './cases/scarcity.ts';
import { SIGNALS } from './cases/signals.ts';
import { STREAMS } from './cases/streams.ts';
import { Ground, type Left, RETRIES, wrapperWords } from './run.ts';
import { Monitors } from './server.ts';
import { type Case, missing, shellsUnderTest, type ShellUnderTest } from './table.ts';

/** Each with the number of shells that stand for all where not all are asked for. */
const TOPICS: readonly (readonly [name: string, cases: readonly Case[], shells: number])[] = [
  ['commands', COMMANDS, 1],
  ['streams', STREAMS, 1],
  ['environment', ENVIRONMENT, 1],
  ['signals', SIGNALS, 1],
  ['scarcity', SCARCITY, 1],
  ['callers', CALLERS, 1],
  ['helpers', REPLACED, 2],
];

const monitors = new Monitors();
const ground = new Ground();
const bare = new Map<Case, Promise<Left>>();
let jobs = 0;

beforeAll(() => monitors.listen());

afterAll(async () => {
  const left = await ground.clear();
  await monitors.close();
  if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
});

/** The bare run is the same for all shells. */
function runBare(each: Case): Promise<Left> {
  let running = bare.get(each);
  if (running === undefined) {
    running = ground.run(each, '', environmentOf(each));
    bare.set(each, running);
  }
  return running;
}

function environmentOf(each: Case): NodeJS.ProcessEnv {
  const state = each.monitor ?? 'up';
  return {
    CRONFLOW_URL: monitors.urlOf(state),
    ...(state === 'up' && each.mayRetry !== true ? {} : { CRONFLOW_END_WAIT: '1s', ...RETRIES }),
  };
}

/** The exit codes that the end pings of a job have told so far, each run counted once. */
function reported(job: string): number[] {
  const ends = monitors.up.of(job).filter((ping) => ping.kind !== 'start');
  const byRun = new Map(ends.map((ping) => [ping.query['rid'], Number(ping.query['exit_code'])]));
  return [...byRun.values()].toSorted((a, b) => a - b);
}

function lastBody(job: string): string {
  return monitors.up.of(job).findLast((ping) => ping.kind !== 'start')?.body ?? 'no end ping';
}

/** Both runs, and the exit codes that the wrapped one has reported once all have come. */
async function runBoth(
  shell: ShellUnderTest,
  each: Case,
): Promise<{ bare: Left; wrapped: Left; codes: number[]; body: string }> {
  const first = await runBare(each);
  jobs += 1;
  const job = `job-${jobs}`;
  const wrapped = await ground.run(each, wrapperWords(ground, shell, each, job), environmentOf(each));
  // Where there is a difference, nobody waits for what may never come.
  const awaited = wrapped.text === first.text ? expectedCodes(each).length : 0;
  if (awaited > 0)
    await monitors.up.until(`the end of ${job}`, () =>
      reported(job).length >= awaited ? monitors.up.of(job)[0] : undefined,
    );
  return { bare: first, wrapped, codes: reported(job), body: lastBody(job) };
}

function expectedCodes(each: Case): readonly number[] {
  return each.reports === null || (each.monitor ?? 'up') !== 'up' ? [] : [each.reports ?? 0].flat();
}

function whyNot(shell: ShellUnderTest, each: Case): string {
  const reason = each.except?.[shell.name] ?? missing(each).join(', ');
  return reason === '' ? '' : ` (skipped: ${reason})`;
}

for (const [topic, cases, shells] of TOPICS) {
  for (const shell of shellsUnderTest(shells)) {
    describe.concurrent(`under ${shell.name} the wrapped command and the bare one are equal`, () => {
      for (const each of cases) {
        const why = whyNot(shell, each);
        test.skipIf(shell.words === undefined || why !== '')(
          `${topic}: ${each.name}${why}`,
          { timeout: HANG_LIMIT_MS },
          async () => {
            const { bare: first, wrapped, codes, body } = await runBoth(shell, each);
            expect(first.text).toMatch(each.shows);
            expect(wrapped.text).toBe(first.text);
            if (expectedCodes(each).length > 0) expect(codes).toEqual(expectedCodes(each));
            if (each.sends !== undefined) expect(body).toMatch(each.sends);
          },
        );
      }
    });
  }
}
