// The service as its users run it, in a process of its own that tells how much memory it holds. Started with
// --expose-gc; a message {heap: true} is answered with {heap: bytes}.
import { systemClock } from '../../dist/clock.js';
import { serveHere } from './serve-here.mjs';

process.on('message', () => {
  // Finalizers free more, which the next collection finds.
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    process.send({ heap: process.memoryUsage().heapUsed });
  });
});

await serveHere(systemClock);
