import { freshDatabase, missingPostgres } from '../support/postgres.ts';
import type { Where } from './service.ts';

/** Where a service keeps what it has, and how to get rid of that after the service has stopped. */
export interface AcceptanceStore {
  where: Where;
  drop(): Promise<void>;
}

/** The stores over which people run the service. What they see must not depend on which it is. */
export const STORES: [name: string, make: () => Promise<AcceptanceStore>][] = [
  ['the data directory', async () => ({ where: {}, drop: async () => {} })],
];
if (missingPostgres() === null)
  STORES.push([
    'a PostgreSQL database',
    async () => {
      const database = await freshDatabase();
      return { where: { store: database.url }, drop: () => database.drop() };
    },
  ]);
