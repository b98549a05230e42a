import type { Lint } from '../core/model/errors.ts';
import type { NotifierConfig } from '../core/model/notifier-config.ts';
import { isLoopback } from '../core/text/loopback.ts';
import type { Config } from './config.ts';
import type { Locator } from './locator.ts';
import { branchOf } from './notifiers.ts';
import { pointer } from './yaml/tree.ts';

/**
 * Finds addresses with `http://`. They are allowed, because a chat server inside a network may have no other. But
 * whoever writes one should know what can be read on the way. An address of this machine itself is no lint.
 */
export function unencryptedLints(config: Config, locator: Locator): Lint[] {
  const { notifiers, heartbeat, files } = config;
  const { path: file } = files[0]!;
  const lints = notifiers.flatMap((notifier) =>
    addressesOf(notifier.type)
      .filter(({ key }) => isUnencrypted(notifier.settings[key]))
      .map(({ key, reveals }) =>
        lint(`${reveals}, and every message`, locator.place(file, placeOf(notifier, key, file, locator))),
      ),
  );
  if (heartbeat === null || !isUnencrypted(heartbeat.url)) return lints;
  const at = locator.has(file, '/heartbeat/url') ? '/heartbeat/url' : '/heartbeat/url_file';
  const secret = 'the address, with which anybody can hide that Cronflow died';
  return [...lints, lint(secret, locator.place(file, at))];
}

/** Returns the keys that hold addresses, and what each reveals, as the schema has them. */
function addressesOf(type: string): { key: string; reveals: string }[] {
  return Object.entries(branchOf(type).properties ?? {}).flatMap(([key, schema]) =>
    schema['x-url'] === true ? [{ key, reveals: schema['x-reveals'] ?? 'the address' }] : [],
  );
}

function isUnencrypted(address: unknown): boolean {
  if (typeof address !== 'string' || !/^http:/i.test(address) || !URL.canParse(address)) return false;
  return !isLoopback(new URL(address).hostname);
}

/**
 * Returns the pointer of the address, or of the key that names its file. A notifier from the environment stands
 * nowhere in the file, so the place is `/notifiers`.
 */
function placeOf({ name }: NotifierConfig, key: string, file: string, locator: Locator): string {
  const path = pointer('/notifiers', name);
  if (!locator.has(file, path)) return '/notifiers';
  const own = pointer(path, key);
  return locator.has(file, own) ? own : pointer(path, `${key}_file`);
}

function lint(what: string, place: ReturnType<Locator['place']>): Lint {
  const message =
    `the address starts with http://, so nothing that is sent is encrypted: anybody on the way can read ${what}; ` +
    'write https:// unless only people you trust have access to that network';
  return { code: 'unencrypted_address', message, ...place };
}
