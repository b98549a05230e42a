// Writes a page that shows every message as Slack and the others show it, build/preview.html, and says where it is.
// To be run from the project's directory, as npm does.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';

const OUT = 'build/preview';

execFileSync('npx', ['tsc', '-p', 'test/delivery/preview/tsconfig.json'], { stdio: 'inherit' });
// The compiled program looks for them beside its own directory.
cpSync('schemas', `${OUT}/schemas`, { recursive: true });
execFileSync(process.execPath, [`${OUT}/test/delivery/preview/preview.js`], { stdio: 'inherit' });
