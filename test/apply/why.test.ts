import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import type { AppliedConfiguration } from '../../src/apply/stored-configuration.ts';
import { explain, sourceOf } from '../../src/apply/why.ts';
import { whyText } from '../../src/cli/why-text.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { DEFAULT_GLOBALS } from '../../src/core/model/spec.ts';
import type { Why } from '../../src/core/why/explanation.ts';
import type { Script } from '../simulation/script.ts';
import { System } from '../simulation/system/system.ts';
import { STORIES, type Story } from './stories.ts';

const LIMITS = { bytes_max: 2 ** 30, ms_max: 60_000 };

async function explained({ script, job, at, steps = [] }: Story): Promise<Why> {
  const system = new System(script);
  await system.begin();
  const all = [...script.happenings, ...steps].toSorted((a, b) => a.at - b.at);
  for (const each of all)
    if (each.type === 'clock') {
      await system.advanceTo(each.at);
      await system.stepClock(each.to_at, null);
    } else if (each.type === 'configure') {
      await system.advanceTo(each.at);
      await applyConfiguration(system.store, configurationOf(script, each.jobs), each.at);
    } else await system.happen(each);
  await system.end();
  const { store } = system;
  const stored = (await store.jobByName(job))!;
  const globals = { ...DEFAULT_GLOBALS, notifiers: script.notifiers };
  const why = await explain(sourceOf(store), stored, { at, nowAt: script.end_at, globals, limits: LIMITS });
  // The replay must come to what was stored, or it explains something else.
  if (at === script.end_at) {
    const { status, due_at: dueAt } = stored.state;
    expect({ status: why.status, due_at: why.next?.at ?? null }).toEqual({ status, due_at: dueAt });
  }
  return why;
}

function configurationOf(script: Script, jobs: Readonly<Record<string, Declaration>>): AppliedConfiguration {
  return {
    revision: 'another',
    files: [],
    defaults: {},
    globals: { notifiers: script.notifiers, replayWindowMs: script.replay_window_ms },
    jobs: Object.entries(jobs).map(([name, declared]) => ({
      name,
      place: { file: 'cronflow.yaml', line: 1 },
      declared,
      declaration: declared,
    })),
  };
}

test.each(STORIES)('tells the story: $title', async (story) => {
  const why = await explained(story);
  const text = whyText(why, { columns: 100, docs: 'http://127.0.0.1:8000/docs/reasons' });
  const file = fileURLToPath(new URL(`stories/${story.title.replaceAll(/\W+/g, '-')}.txt`, import.meta.url));
  await expect(text).toMatchFileSnapshot(file);
});
