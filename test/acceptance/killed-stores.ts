import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { missingPostgres, PostgresServer } from '../support/postgres.ts';

/** Where a service that is killed keeps what it has. It outlives the service. */
export interface KilledStore {
  /** The words of `cronflow serve` and the variables by which the service finds it. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** What can befall the store itself, by its name, while a service uses it. Afterwards it works again. */
  troubles: readonly (readonly [name: string, befall: () => Promise<void>])[];
  dispose(): Promise<void>;
}

/** Each makes a store below a folder. What was acknowledged must outlive a kill whichever it is. */
export const KILLED_STORES: readonly (readonly [
  name: string,
  make: (folder: string) => Promise<KilledStore>,
])[] = [
  ['the data directory', async (folder) => dataDirectory(join(folder, 'data'))],
  ...(missingPostgres() === null ? [['a PostgreSQL database', ownDatabase] as const] : []),
];

function dataDirectory(directory: string): KilledStore {
  return {
    args: ['--data-dir', directory],
    env: {},
    troubles: [],
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The server is no other test's, because it is killed, too, and it forgets nothing that it has committed. */
async function ownDatabase(folder: string): Promise<KilledStore> {
  const server = await PostgresServer.make({ durable: true });
  return {
    args: ['--data-dir', join(folder, 'unused')],
    env: { CRONFLOW_STORE: server.url('postgres') },
    troubles: [
      ['kill -9 of a process of the database', () => server.killBackend()],
      ['a crash of the database', () => server.restart('immediate')],
    ],
    dispose: () => server.remove(),
  };
}
