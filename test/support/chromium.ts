import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM_FOLDER } from './kept.ts';
import { madeOnce } from './made-once.ts';

const run = promisify(execFile);
const UNPACK = fileURLToPath(new URL('unpack-chromium.mjs', import.meta.url));

/** The package has a Chromium for these machines alone. */
export const hasChromium = process.platform === 'linux' && process.arch === 'x64';
if (!hasChromium)
  process.stderr.write(
    `No test in a browser runs here: there is no Chromium for ${process.platform} on ${process.arch}.\n`,
  );

const ARGS = [
  // Root needs the first of them. Other users need it where the kernel gives them no namespaces.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
  // Nothing but the loopback address can be reached, whatever a page or the browser itself asks for.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

const STARTS_MAX = 4;

/**
 * Starts Chromium with a home of its own. It writes into the temporary folder of the run and nowhere else, so it works
 * where HOME cannot be written, and leaves nothing behind.
 */
export async function launchChromium(): Promise<Browser> {
  const folder = await unpacked();
  return againAfterCrash(() =>
    chromium.launch({
      executablePath: join(folder, 'chromium'),
      args: ARGS,
      env: {
        PATH: process.env.PATH ?? '',
        // It does not always remove what it writes there, and this folder goes at the end of the run.
        TMPDIR: join(folder, 'tmp'),
        HOME: join(folder, 'home'),
        FONTCONFIG_FILE: join(folder, 'fonts.conf'),
      },
    }),
  );
}

/**
 * Starts a browser, and again where it crashed. Chromium changes its environment at its start while its other threads
 * read it. On a busy machine that ends some starts in a hundred by SIGSEGV, in `getenv`.
 */
export async function againAfterCrash(start: () => Promise<Browser>): Promise<Browser> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await start();
    } catch (error) {
      if (starts === STARTS_MAX || !/signal=SIG(?:SEGV|BUS|ABRT|TRAP)/.test(String(error))) throw error;
    }
  }
}

async function unpacked(): Promise<string> {
  const folder = join(tmpdir(), CHROMIUM_FOLDER);
  await madeOnce(folder, async (own) => {
    await run(process.execPath, [UNPACK], { env: { ...process.env, TMPDIR: own } });
    await mkdir(join(own, 'home'));
    await mkdir(join(own, 'tmp'));
    await writeFile(join(own, 'fonts.conf'), fontsOf(folder));
  });
  return folder;
}

/** Machines may have no font at all, so the package brings one. */
function fontsOf(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;
}
