import { instant } from './compare.ts';
import type { Happening, Script } from './script.ts';

/**
 * Writes a script in lines for people, with its instants, as a file for the folder `regressions/`. Whoever pastes it
 * there says in its title what must be so.
 */
export function formatRegression(script: Script): string {
  const { start_at: startAt, end_at: endAt, replay_window_ms: replayWindowMs, notifiers, jobs } = script;
  return [
    "import type { Script } from '../script.ts';",
    '',
    "export const title = 'what must be so, in a sentence';",
    '',
    'export const script: Script = {',
    `  start_at: ${literal(startAt)},`,
    `  end_at: ${literal(endAt)},`,
    `  replay_window_ms: ${replayWindowMs},`,
    `  notifiers: ${JSON.stringify(notifiers)},`,
    '  jobs: {',
    ...Object.entries(jobs).map(([name, declaration]) => `    '${name}': ${JSON.stringify(declaration)},`),
    '  },',
    '  happenings: [',
    ...script.happenings.map((happening) => `    ${formatHappening(happening)},`),
    '  ],',
    '};',
    '',
  ].join('\n');
}

function formatHappening(happening: Happening): string {
  const fields = Object.entries(happening).map(([key, value]) => {
    const isInstant = key === 'at' || key.endsWith('_at');
    return `${key}: ${isInstant ? literal(value as number) : JSON.stringify(value)}`;
  });
  return `{ ${fields.join(', ')} }`;
}

function literal(at: number): string {
  return `Date.parse('${instant(at)}')`;
}
