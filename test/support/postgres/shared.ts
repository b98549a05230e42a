import { createServer, type Server } from 'node:net';
import { askedPgBouncer, type PgBouncer } from './pgbouncer.ts';
import { PostgresServer, type ServerAddress } from './server.ts';

/** The variable in which a whole run tells its tests where they ask for the server that they share. */
export const SHARED_SOCKET = 'CRONFLOW_TEST_POSTGRES';

/**
 * Hands out the address of one PostgreSQL for a whole run. It is started when the first test asks, because most runs
 * are of a few files that need none.
 * @param path of the socket at which tests ask
 * @returns a function that ends it
 */
export function shareServer(path: string): () => Promise<void> {
  let starting: Promise<PostgresServer> | undefined;
  let pooling: Promise<PgBouncer | undefined> | undefined;
  const address = async (): Promise<ServerAddress> => {
    starting ??= PostgresServer.make();
    const { address: direct } = await starting;
    pooling ??= askedPgBouncer(direct);
    return (await pooling)?.address ?? direct;
  };
  const answer = async (): Promise<object> => {
    try {
      return await address();
    } catch (error) {
      return { error: (error as Error).stack };
    }
  };
  const asked: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    void answer().then((said) => socket.end(JSON.stringify(said)));
  }).listen(path);
  asked.unref();
  return async () => {
    await new Promise((resolve) => asked.close(resolve));
    const pooler = await pooling?.catch(() => undefined);
    await pooler?.remove();
    const server = await starting?.catch(() => undefined);
    await server?.remove();
  };
}
