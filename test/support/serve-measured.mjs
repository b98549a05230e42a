// The service as its users run it, in a process of its own that tells how much memory it holds. Started with
// --expose-gc; a message {heap: true} is answered with {heap: bytes}.
import { createApp } from '../../dist/app/app.js';
import { serve } from '../../dist/cli/serve.js';
import { systemClock } from '../../dist/clock.js';

process.on('message', () => {
  // Finalizers free more, which the next collection finds.
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    process.send({ heap: process.memoryUsage().heapUsed });
  });
});

process.exitCode = await serve(
  process.argv.slice(2),
  {
    stdin: process.stdin,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
  },
  {
    createApp,
    stopRequested: () => new Promise((resolve) => process.once('SIGTERM', () => resolve('SIGTERM'))),
    onReloadRequested: (callback) => process.on('SIGHUP', callback),
    exit: (code) => process.exit(code),
    onExit: (callback) => process.on('exit', callback),
    onWarning: (callback) => process.removeAllListeners('warning').on('warning', callback),
  },
);
process.disconnect?.();
