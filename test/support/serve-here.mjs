// Runs the service in this process, which a test has started, as its users run it.
import { createApp } from '../../dist/app/app.js';
import { serve } from '../../dist/cli/serve.js';

/**
 * Serves until a signal comes. The words of the command line are those of `cronflow serve`.
 * @param more options of the app that the command line does not have
 * @param open opens the store; by default that is `openStore`
 */
export async function serveHere(clock, more = {}, open) {
  process.exitCode = await serve(
    process.argv.slice(2),
    {
      stdin: process.stdin,
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
      env: process.env,
      cwd: process.cwd(),
      clock,
    },
    {
      createApp: (options) => createApp({ ...options, ...more }, open),
      stopRequested: () =>
        new Promise((resolve) => {
          for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve(signal));
        }),
      onReloadRequested: (callback) => process.on('SIGHUP', callback),
      exit: (code) => process.exit(code),
      onExit: (callback) => process.on('exit', callback),
      onWarning: (callback) => process.removeAllListeners('warning').on('warning', callback),
    },
  );
  process.disconnect?.();
}
