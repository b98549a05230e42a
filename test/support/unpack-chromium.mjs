// Unpacks the Chromium of the registry into the temporary directory of this process, TMPDIR, which the package takes
// from the environment alone.
import chromium from '@sparticuz/chromium';

await chromium.executablePath();
