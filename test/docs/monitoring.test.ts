import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { busyServer } from '../http/busy-server.ts';

const FOLDER = fileURLToPath(new URL('../../docs/monitoring/', import.meta.url));
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool) console.log('promtool is not installed (Debian: prometheus), so its checks are skipped');

interface Rules {
  groups: { rules: { alert: string; expr: string }[] }[];
}

/** Returns all that promtool says, and whether it finds nothing. */
function promtool(args: readonly string[], input?: string): { isFine: boolean; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: FOLDER,
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  return { isFine: status === 0, said: stdout + stderr };
}

const alerts = parse(readFileSync(join(FOLDER, 'alerts.yaml'), 'utf8')) as Rules;
const dashboard = JSON.parse(readFileSync(join(FOLDER, 'dashboard.json'), 'utf8')) as {
  panels: { title: string; targets: { expr: string }[] }[];
};
const rules = alerts.groups.flatMap((group) => group.rules);
const queries = dashboard.panels.flatMap((panel) => panel.targets.map(({ expr }) => expr));

describe('docs/monitoring', () => {
  test('names only metrics and labels that /metrics has', async () => {
    const { server } = await busyServer();
    const { text } = await server.request('/metrics');
    const labels = new Map<string, Set<string>>();
    for (const [, name = '', inside = ''] of text.matchAll(/^(cronflow_\w+)(?:\{(.*)\})? /gm)) {
      const known = labels.get(name) ?? new Set(['instance', 'job']);
      for (const [, label = ''] of inside.matchAll(/(\w+)="/g)) known.add(label);
      labels.set(name, known);
    }
    const wrong: string[] = [];
    for (const expr of [...rules.map((rule) => rule.expr), ...queries]) {
      for (const [, name = '', inside = ''] of expr.matchAll(/\b(cronflow_\w+)(?:\{([^}]*)\})?/g)) {
        const known = labels.get(name);
        if (known === undefined) wrong.push(name);
        for (const [, label = ''] of inside.matchAll(/(\w+)\s*[=!]~?"/g))
          if (known?.has(label) === false) wrong.push(`${name}{${label}}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(queries.length).toBeGreaterThan(20);
  });

  test('has a unit test of each alert, that fires and that does not', () => {
    const { tests } = parse(readFileSync(join(FOLDER, 'alerts.test.yaml'), 'utf8')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const cases = tests.flatMap((each) => each.alert_rule_test);
    for (const { alert } of rules) {
      const counts = cases
        .filter(({ alertname }) => alertname === alert)
        .map((each) => each.exp_alerts.length);
      expect([alert, Math.min(...counts), Math.max(...counts)]).toEqual([alert, 0, 1]);
    }
  });
});

describe.runIf(hasPromtool)('promtool', () => {
  test('finds nothing in the metrics', async () => {
    const { server } = await busyServer();
    const { text } = await server.request('/metrics');
    expect(promtool(['check', 'metrics'], text)).toEqual({ isFine: true, said: '' });
  });

  test('finds nothing in the alerts, and their tests pass', () => {
    expect(promtool(['check', 'rules', 'alerts.yaml'])).toMatchObject({ isFine: true });
    expect(promtool(['test', 'rules', 'alerts.test.yaml'])).toMatchObject({ isFine: true });
  });

  test('understands each query of the dashboard', () => {
    const directory = mkdtempSync(join(tmpdir(), 'cronflow-dashboard-'));
    try {
      const file = join(directory, 'rules.json');
      const written = queries.map((expr, i) => ({
        record: `query:number:${i}`,
        expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
      }));
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules: written }] }));
      expect(promtool(['check', 'rules', file])).toMatchObject({ isFine: true });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
