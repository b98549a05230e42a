import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { cronflow } from '../../src/cli/cronflow.ts';
import { storePlaceOf, storeUrlOf } from '../../src/store/open/url.ts';
import { runIn } from '../cli/support/io.ts';
import { NO_SERVICE } from '../cli/support/no-service.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEPLOY = join(ROOT, 'deploy');
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  command?: string[];
  environment?: Record<string, string>;
  build?: { context: string; dockerfile: string };
  volumes?: string[];
  ports?: string[];
  healthcheck?: { test: string[] };
  depends_on?: string[] | Record<string, object>;
}

const compose = parse(text('deploy/compose.yaml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const { one, two, db, proxy } = compose.services as Record<'one' | 'two' | 'db' | 'proxy', Service>;
const dockerfile = text('deploy/Dockerfile');
const caddyfile = text('deploy/Caddyfile');
const routes = Object.keys((parse(text('schemas/openapi.yaml')) as { paths: object }).paths);

/** A value as Compose fills it in, with a word in the place of what is asked of the environment. */
const filled = (value: string): string => value.replaceAll(/\$\{\w+:[?-][^}]*\}/g, 'word');

/** The options of `cronflow serve`, as its help lists them. */
async function help(): Promise<string> {
  return (await runIn(ROOT, Date.now(), (io) => cronflow(['serve', '--help'], io, NO_SERVICE), {})).stdout;
}

describe('deploy/compose.yaml', () => {
  test('starts what the image starts, with options and variables that the program has', async () => {
    expect(two).toEqual(one);
    const command = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!) as string[];
    expect(one.command).toEqual(command);
    const known = await help();
    expect(one.command![0]).toBe('serve');
    for (const option of one.command!.filter((word) => word.startsWith('--')))
      expect(known).toContain(option);
    for (const variable of Object.keys(one.environment!).filter((name) => name.startsWith('CRONFLOW_')))
      expect(known).toContain(variable);
    // The file that is mounted is where the command looks for it, and it asks for that variable.
    expect(one.command).toContain(one.volumes![0]!.split(':')[1]);
    expect(text('cronflow.yaml')).toContain('${SLACK_WEBHOOK_URL');
  });

  test('names a database and a user that the other container makes', () => {
    const url = storeUrlOf(filled(one.environment!['CRONFLOW_STORE']!), '/data');
    expect(storePlaceOf(url).kind).toBe('postgres');
    const { hostname, username, password, pathname } = new URL(url);
    expect(compose.services).toHaveProperty(hostname);
    expect({
      POSTGRES_USER: username,
      POSTGRES_PASSWORD: password,
      POSTGRES_DB: pathname.slice(1),
    }).toEqual(
      Object.fromEntries(Object.entries(db.environment!).map(([key, value]) => [key, filled(value)])),
    );
    expect(one.environment!['CRONFLOW_STORE']).toContain(db.environment!['POSTGRES_PASSWORD']);
  });

  test('asks routes that there are, on the port that the program takes', async () => {
    const port = /--port PORT .*default: (\d+)/.exec(await help())![1]!;
    expect(dockerfile).toContain(`EXPOSE ${port}\n`);
    const asked = /http:\/\/127\.0\.0\.1:(\d+)(\/\w+)/.exec(one.healthcheck!.test.join(' '))!;
    expect(asked[1]).toBe(port);
    expect(routes).toContain(asked[2]);
    expect(routes).toContain(/health_uri (\S+)/.exec(caddyfile)![1]);
    const upstreams = /reverse_proxy ([^{]+) \{/.exec(caddyfile)![1]!.split(' ');
    expect(upstreams).toEqual(['one', 'two'].map((name) => `${name}:${port}`));
    const [inside] = proxy.ports!.map((each) => each.split(':')[1]);
    expect(caddyfile).toContain(`:${inside} {`);
  });

  test('mounts and copies what is there', () => {
    for (const volume of Object.values(compose.services).flatMap(({ volumes = [] }) => volumes)) {
      const [from] = volume.split(':') as [string];
      if (from.startsWith('.'))
        expect({ from, isThere: existsSync(join(DEPLOY, from)) }).toMatchObject({ isThere: true });
      else expect(compose.volumes).toHaveProperty(from);
    }
    expect(existsSync(join(DEPLOY, one.build!.context, one.build!.dockerfile))).toBe(true);
    for (const { depends_on: needed = [] } of Object.values(compose.services))
      for (const name of Array.isArray(needed) ? needed : Object.keys(needed))
        expect(compose.services).toHaveProperty(name);
  });
});

test('the image has a Node that the package takes, and installs what `npm pack` makes', () => {
  const { engines, bin, name } = JSON.parse(text('package.json')) as {
    engines: { node: string };
    bin: Record<string, string>;
    name: string;
  };
  const least = Number(/^>=(\d+)/.exec(engines.node)![1]);
  for (const [, version] of dockerfile.matchAll(/^FROM node:(\d+)/gm))
    expect(Number(version)).toBeGreaterThanOrEqual(least);
  expect(dockerfile).toContain(`/src/${name}-*.tgz`);
  expect(bin).toHaveProperty((JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)![1]!) as string[])[0]!);
});
