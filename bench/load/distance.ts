import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { messageFrom } from './child.ts';

const WHAT = 'the relay before the database';
const RELAY = fileURLToPath(new URL('./relay.js', import.meta.url));

/** A stand-in for the network between instances and a database: a process that passes on what it gets, later. */
export interface Distance {
  /** The port of 127.0.0.1 at which the database is found. */
  port: number;
  /** Returns how many questions were answered so far. */
  roundTrips(): Promise<number>;
  stop(): Promise<void>;
}

/** Puts a database so many milliseconds away, there and back together. */
export async function distanceTo(socketPath: string, delayMs: number): Promise<Distance> {
  const child = fork(RELAY, [socketPath, String(delayMs)]);
  const ended = once(child, 'exit');
  const port = await messageFrom<number>(child, WHAT);
  return {
    port,
    roundTrips() {
      const answered = messageFrom<number>(child, WHAT);
      child.send('count');
      return answered;
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}
