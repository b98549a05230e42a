import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from './service.ts';

/** On a machine that may be busy; nothing here is held to a time. */
const SECRET = '0123-secret-4567';

let watcher: Server;
let status = 200;
let asked = 0;
let service: Service;
const config = (every: string): string => {
  const { port } = watcher.address() as AddressInfo;
  return `heartbeat: {url: 'http://127.0.0.1:${port}/${SECRET}', every: ${every}}\njobs: {a: {every: 1h}}\n`;
};

beforeAll(async () => {
  watcher = createServer((request, response) => {
    if (request.method === 'GET' && request.url === `/${SECRET}`) asked += 1;
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => watcher.listen(0, '127.0.0.1', resolve));
  service = await startService(config('1m'), '');
});

afterAll(async () => {
  await service?.stop();
  watcher.closeAllConnections();
  await new Promise((resolve) => watcher.close(resolve));
});

/** Moves the clock on until it has been asked so often. */
const askedTimes = (count: number): Promise<true> =>
  service.until(`${count} heartbeats`, async () => {
    if (asked >= count) return true;
    await service.advance(5_000);
    return undefined;
  });
const metrics = async (): Promise<string> => (await fetch(`${service.url}/metrics`)).text();
const warnings = async (): Promise<string[]> =>
  (await service.get<{ warnings: string[] }>('/readyz')).warnings;

test('a service that does its work says so, follows the file, and tells of what is not taken', async () => {
  await askedTimes(3);
  expect(await metrics()).toContain('cronflow_heartbeat_ok 1\n');
  status = 503;
  await service.until('a warning', async () => {
    await service.advance(5_000);
    return (await warnings()).some((text) => text.startsWith('heartbeats do not arrive at ')) || undefined;
  });
  expect(await metrics()).toContain('cronflow_heartbeat_ok 0\n');
  status = 200;
  await service.until('the end of it', async () => {
    await service.advance(5_000);
    return (await metrics()).includes('cronflow_heartbeat_ok 1\n') || undefined;
  });
  await writeFile(service.configPath, 'jobs: {a: {every: 1h}}\n');
  await service.until('heartbeats to end', async () => {
    await service.advance(5_000);
    return /^cronflow_heartbeat_ok \d$/m.test(await metrics()) ? undefined : true;
  });
  const before = asked;
  await writeFile(service.configPath, config('10s'));
  await askedTimes(before + 3);
  expect(service.log()).not.toContain(SECRET);
});
