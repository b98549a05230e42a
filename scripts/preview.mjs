// Writes the page build/preview.html, which shows every message as Slack and the other services show it, and prints
// its path. It must be run from the directory of the project, as npm does.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';

const OUT = 'build/preview';

execFileSync('npx', ['tsc', '-p', 'test/delivery/preview/tsconfig.json'], { stdio: 'inherit' });
// The compiled program looks for the schemas beside its own directory.
cpSync('schemas', `${OUT}/schemas`, { recursive: true });
execFileSync(process.execPath, [`${OUT}/test/delivery/preview/preview.js`], { stdio: 'inherit' });
