import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { settle } from '../support/fake-clock.ts';
import { parseRaw, startServer, until } from './support.ts';

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** A connection and all that came back on it. */
async function open(port: number): Promise<{ socket: Socket; received(): string; statuses(): string[] }> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  let received = '';
  socket.on('data', (chunk) => (received += String(chunk)));
  await once(socket, 'connect');
  return {
    socket,
    received: () => received,
    statuses: () => Array.from(received.matchAll(/HTTP\/1\.1 (\d+)/g), (match) => match[1]!),
  };
}

/** A server that counts how often its root page is made. */
async function startCounting() {
  let count = 0;
  const server = await startServer({
    notices: () => {
      count += 1;
      return [];
    },
  });
  return { ...server, made: () => count };
}

describe('a client that asks for much at once', () => {
  test('is answered in order, a request at a time', async () => {
    const { port, post } = await startServer();
    await post('/jobs', { name: 'backup' });
    const client = await open(port);
    client.socket.write(GET('/jobs/backup/start?rid=1') + GET('/jobs/backup') + GET('/nothing'));
    await until(() => client.statuses().length === 3);
    expect(client.statuses()).toEqual(['200', '200', '404']);
    expect(client.received()).toContain('"status":"running"');
    client.socket.destroy();
  });

  test('is cut off after so many requests, and told so', async () => {
    const { port, made } = await startCounting();
    const client = await open(port);
    client.socket.write(GET('/').repeat(1_500));
    await once(client.socket, 'close');
    expect(client.statuses()).toEqual(Array(33).fill('200'));
    expect(client.received().toLowerCase().lastIndexOf('connection: close')).toBeGreaterThan(
      client.received().lastIndexOf('HTTP/1.1 200'),
    );
    expect(made()).toBe(33);
  });

  test('makes no more work once it goes away', async () => {
    const { port, made, request } = await startCounting();
    const client = await open(port);
    client.socket.write(GET('/').repeat(1_500));
    await until(() => made() > 0);
    client.socket.resetAndDestroy();
    await request('/healthz');
    await settle();
    const count = made();
    await request('/healthz');
    await settle();
    expect(made()).toBe(count);
    expect(count).toBeLessThan(33);
  });

  test('keeps no other client waiting', async () => {
    const { port } = await startServer();
    const greedy = await open(port);
    const other = await open(port);
    // What was answered is counted at the very moment, because a machine that is busy looks at it much later.
    const answeredBefore = new Promise<number>((resolve) => {
      greedy.socket.once('data', () => other.socket.write(GET('/healthz')));
      other.socket.once('data', () => resolve(greedy.statuses().length));
    });
    greedy.socket.write(GET('/openapi.json').repeat(32));
    expect(await answeredBefore).toBeLessThan(32);
    greedy.socket.destroy();
    other.socket.destroy();
  });

  test('has its pings recorded although it does not wait for the answers', async () => {
    const { port, post, store } = await startServer();
    await post('/jobs', { name: 'backup' });
    const client = await open(port);
    client.socket.write(GET('/jobs').repeat(10) + GET('/jobs/backup/success?rid=1'));
    client.socket.destroySoon();
    const job = (await store.jobByName('backup'))!;
    await until(() => true);
    while ((await store.runsOf(job.id, { skip: 0, limit: 1 })).total === 0) await settle();
    expect((await store.runsOf(job.id, { skip: 0, limit: 1 })).items).toMatchObject([
      { rid: '1', outcome: 'success' },
    ]);
  });

  test('makes no success of a ping whose body is looked at after it went away', async () => {
    const { port, post, store } = await startServer();
    await post('/jobs', { name: 'backup' });
    const client = await open(port);
    const body = JSON.stringify({ exit_code: 1 });
    const head = `POST /jobs/backup/success HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
    client.socket.write(
      `${GET('/openapi.json').repeat(20)}${head}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => client.received() !== '');
    client.socket.resetAndDestroy();
    for (let turn = 0; turn < 20; turn += 1) await settle();
    const job = (await store.jobByName('backup'))!;
    const { items } = await store.runsOf(job.id, { skip: 0, limit: 1 });
    expect(items.map(({ outcome }) => outcome)).not.toContain('success');
  });

  test('is answered as usual where something unreadable follows its request', async () => {
    const { port } = await startServer();
    const client = await open(port);
    client.socket.write(`${GET('/nothing')}nonsense\r\n\r\n`);
    await once(client.socket, 'close');
    expect(parseRaw(client.received())).toMatchObject({ status: 404 });
  });

  test('may ask for many things one after the other', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', onWarning);
    const { port } = await startServer();
    const client = await open(port);
    for (let count = 1; count <= 50; count += 1) {
      client.socket.write(GET('/healthz'));
      await until(() => client.statuses().length === count);
    }
    await settle();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    client.socket.destroy();
  });
});

describe('more connections than allowed', () => {
  test('end the connection that has been idle longest', async () => {
    const { port, request } = await startServer({ limits: { connectionsMax: 3 } });
    const [first, second] = [await open(port), await open(port)];
    // The first one is the one that was active last.
    first.socket.write(GET('/healthz'));
    await until(() => first.statuses().length === 1);
    const third = await open(port);
    const answer = request('/healthz');
    await once(second.socket, 'close');
    expect((await answer).status).toBe(200);
    expect([first.socket.closed, third.socket.closed]).toEqual([false, false]);
    first.socket.destroy();
    third.socket.destroy();
  });

  test('end the connection whose request has been incomplete longest where none is idle', async () => {
    const { port, request, post, store } = await startServer({ limits: { connectionsMax: 2 } });
    await post('/jobs', { name: 'backup' });
    const unfinished = `POST /jobs/backup/success HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab`;
    const held = [await open(port), await open(port)];
    for (const { socket } of held) {
      socket.write(unfinished);
      await settle();
    }
    await settle();
    const answer = request('/healthz');
    await once(held[0]!.socket, 'close');
    expect((await answer).status).toBe(200);
    const job = (await store.jobByName('backup'))!;
    expect((await store.runsOf(job.id, { skip: 0, limit: 1 })).total).toBe(0);
    held[1]!.socket.destroy();
  });
});
