import { describe, expect, test } from 'vitest';
import { applyConfiguration } from '../../src/apply/configuration.ts';
import type { AppliedConfiguration } from '../../src/apply/stored-configuration.ts';
import type { Author } from '../../src/apply/audit.ts';
import { AUDIT_ENTRY } from '../../src/core/model/audit.ts';
import type { Declaration } from '../../src/core/model/declaration.ts';
import { DEFAULT_GLOBALS } from '../../src/core/model/spec.ts';
import { startMemoryService } from '../support/memory-service.ts';

const START = Date.UTC(2026, 0, 15);
const AUTHOR: Author = { by: { via: 'file', who: 'SIGHUP', from: 'web1' } };

async function start() {
  const service = await startMemoryService(START);
  let count = 0;
  const apply = (jobs: Record<string, Declaration>, author = AUTHOR, revision = String((count += 1))) => {
    const config: AppliedConfiguration = {
      revision,
      files: [],
      defaults: {},
      globals: DEFAULT_GLOBALS,
      jobs: Object.entries(jobs).map(([name, { renamed_from: from, ...declared }], i) => ({
        name,
        place: { file: 'cronflow.yaml', line: i + 1 },
        declared: from === undefined ? declared : { ...declared, renamed_from: from },
        declaration: declared,
        ...(from === undefined
          ? {}
          : { renamed_from_place: { file: 'cronflow.yaml', line: i + 1, column: 1 } }),
      })),
    };
    return applyConfiguration(service.store, config, service.clock.now(), { author });
  };
  const last = async () => (await service.store.audit({ skip: 0, limit: 1 })).items[0];
  const total = async () => (await service.store.audit({ skip: 0, limit: 1 })).total;
  return { ...service, apply, last, total };
}

function withoutSesame(text: string): string {
  return text.replaceAll('sesame', '***');
}

describe('the audit log of a configuration', () => {
  test('has what it added, changed, adopted and removed, key by key, and what made Cronflow read it', async () => {
    const { apply, ingest, last, clock } = await start();
    await apply({ a: { every: '1h' }, b: { every: '1h' } });
    expect(await last()).toMatchObject({
      action: 'configuration_applied',
      via: 'file',
      who: 'SIGHUP',
      from: 'web1',
      at: START,
      jobs: ['a', 'b'],
      changes: [
        { job: null, key: 'revision', to: '1' },
        { job: 'a', key: 'every', to: '1h' },
        { job: 'b', key: 'every', to: '1h' },
      ],
    });
    await ingest.register('c', { every: '1h' });
    await clock.advance(1);
    await apply({ a: { every: '2h' }, c: { every: '1h' } });
    expect(await last()).toMatchObject({
      jobs: ['b', 'a', 'c'],
      changes: [
        { job: null, key: 'revision', from: '1', to: '2' },
        { job: 'b', key: 'removed', to: true },
        { job: 'c', key: 'source', from: 'api', to: 'file' },
        { job: 'a', key: 'every', from: '1h', to: '2h' },
      ],
    });
    await clock.advance(1);
    await apply({ a2: { every: '2h', renamed_from: 'a' }, b: { every: '1h' }, c: { every: '1h' } });
    expect(await last()).toMatchObject({
      jobs: ['a2', 'b'],
      changes: [
        { job: null, key: 'revision', from: '2', to: '3' },
        { job: 'a2', key: 'name', from: 'a', to: 'a2' },
        { job: 'b', key: 'removed', from: true },
      ],
    });
  });

  test('has no entry of one that changes nothing, as at a start', async () => {
    const { apply, total } = await start();
    await apply({ a: {} }, AUTHOR, 'same');
    await apply({ a: {} }, AUTHOR, 'same');
    expect(await total()).toBe(1);
  });

  test('is bounded, and says how much it leaves out', async () => {
    const { apply, last } = await start();
    const text = 'x'.repeat(100);
    const jobs = Array.from({ length: 1_000 }, (_, i) => [`j${i}`, { description: text }] as const);
    await apply(Object.fromEntries(jobs));
    const entry = await last();
    expect(entry?.jobs).toHaveLength(AUDIT_ENTRY.jobsMax);
    const kept = entry?.changes.length ?? 0;
    expect(JSON.stringify(entry?.changes).length).toBeLessThan(AUDIT_ENTRY.changesLengthMax * 1.1);
    expect(kept).toBeGreaterThan(50);
    expect(entry?.left_out).toBe(1_000 - AUDIT_ENTRY.jobsMax + 1_001 - kept);
  });

  test('hides what the patterns of `redact` match', async () => {
    const { apply, last } = await start();
    await apply({ a: { description: 'open sesame' } }, { ...AUTHOR, hide: withoutSesame });
    expect((await last())?.changes).toContainEqual({ job: 'a', key: 'description', to: 'open ***' });
  });
});
