import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

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
  const [port] = (await once(child, 'message')) as [number];
  return {
    port,
    async roundTrips() {
      const answered = once(child, 'message') as Promise<[number]>;
      child.send('count');
      return (await answered)[0];
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}
