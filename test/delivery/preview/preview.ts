import { mkdir, writeFile } from 'node:fs/promises';
import { previewPage } from './page.ts';

// `npm run preview`: every message as people see it, in one page.
const PATH = 'build/preview.html';
await mkdir('build', { recursive: true });
await writeFile(PATH, await previewPage());
process.stdout.write(`${PATH}\n`);
