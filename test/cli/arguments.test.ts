import { expect, test } from 'vitest';
import { parseArgs } from '../../src/cli/arguments.ts';

const options = {
  port: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

test.each([
  [['--prot', '1'], 'unknown option --prot, did you mean --port? (allowed: --port, --json, --help)'],
  [['--zzz'], 'unknown option --zzz (allowed: --port, --json, --help)'],
  [['-x'], 'unknown option -x (allowed: --port, --json, --help)'],
  [['file.yaml'], '"file.yaml" is too many; this command takes options only: --port, --json, --help'],
  [['--port'], '--port needs a value, as in --port=VALUE'],
  [['--port', '-1'], '--port needs a value; one that begins with a dash is written --port=VALUE'],
  [['--json=yes'], '--json takes no value'],
  [['--help=yes'], '--help takes no value'],
])('%j is told: %s', (args, message) => {
  expect(() => parseArgs({ args, options })).toThrow(new Error(message));
});
