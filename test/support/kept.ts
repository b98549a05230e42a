/** The folder, among the temporary ones of a run of the tests, in which the unpacked Chromium stays for all files. */
export const CHROMIUM_FOLDER = 'chromium';

/** The folder of the pasts that were played, from which each file of tests takes copies. */
export const PASTS_FOLDER = 'pasts';

/** The folder of the version before this one, built from the history of the repository. */
export const VERSION_BEFORE_FOLDER = 'version-before';

/** Profiles of browsers, which Playwright does not always remove where a browser crashed, begin with this. */
export const OF_PLAYWRIGHT = 'playwright';

/** What stays there until the end of the run: those folders, and the compiled code that npm keeps. */
export const KEPT: ReadonlySet<string> = new Set([
  CHROMIUM_FOLDER,
  PASTS_FOLDER,
  VERSION_BEFORE_FOLDER,
  'node-compile-cache',
]);
