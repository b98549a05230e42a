import { connect, createServer, type Socket } from 'node:net';

/**
 * This program passes connections on to a socket. What a client sends arrives later by a number of milliseconds, and
 * answers go back at once: to whoever waits that is the same as half of it each way.
 */

const [, , socketPath, delay] = process.argv;
const delayMs = Number(delay);
let roundTrips = 0;

const server = createServer((client) => {
  const database = connect(socketPath!);
  let isAsked = false;
  client.setNoDelay(true);
  client.on('data', (chunk) => {
    isAsked = true;
    later(database, chunk);
  });
  database.on('data', (chunk) => {
    if (isAsked) roundTrips += 1;
    isAsked = false;
    client.write(chunk);
  });
  for (const [one, other] of [
    [client, database],
    [database, client],
  ] as const) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
});

/** What is on its way, in the order in which it arrives. */
const underWay: { to: Socket; chunk: Buffer; dueMs: number }[] = [];
let isTimed = false;

function later(to: Socket, chunk: Buffer): void {
  underWay.push({ to, chunk, dueMs: performance.now() + delayMs });
  if (isTimed) return;
  isTimed = true;
  setTimeout(deliver, delayMs);
}

/** Delivers what is due. Timers of Node are as fine as a millisecond, so the rest may come a little late. */
function deliver(): void {
  const nowMs = performance.now();
  let count = 0;
  while (count < underWay.length && underWay[count]!.dueMs <= nowMs) count += 1;
  for (const { to, chunk } of underWay.splice(0, count)) to.write(chunk);
  isTimed = underWay.length > 0;
  if (isTimed) setTimeout(deliver, Math.max(0, underWay[0]!.dueMs - performance.now()));
}

process.on('message', () => process.send?.(roundTrips));
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
