import type { IncomingMessage } from 'node:http';
import { CronflowError } from '../core/model/errors.ts';

/** Hosts of requests whose target was an address in full; null where it could not be read. */
const targetHosts = new WeakMap<IncomingMessage, string | null>();

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is;
/** A host and a port; no name and password. */
const AUTHORITY = /^[^\s@]+$/;

/**
 * Turns a target that is an address in full, as clients send it to a proxy, into the path of it: what reads targets
 * behind this understands nothing else, and Node warns with the whole of an address that it cannot read.
 */
export function takePathOfTarget(req: IncomingMessage): void {
  const target = req.url ?? '/';
  if (target.startsWith('/') || target === '*') return;
  const [, authority = '', rest = ''] = ABSOLUTE.exec(target) ?? [];
  const isReadable = AUTHORITY.test(authority) && URL.canParse(`http://${authority}/`);
  targetHosts.set(req, isReadable ? authority : null);
  req.url = isReadable && rest.startsWith('/') ? rest : `/${isReadable ? rest : ''}`;
}

/**
 * The host that a request is meant for: that of its target, which counts before the header (RFC 9112), or what its one
 * `Host` header says; undefined for HTTP/1.0 without one.
 * @throws CronflowError `bad_request`
 */
export function hostOf(req: IncomingMessage): string | undefined {
  const { headers, rawHeaders, httpVersionMajor, httpVersionMinor } = req;
  const count = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  // Whoever reads the first and whoever reads the last would see different requests.
  if (count > 1) throw new CronflowError('bad_request', 'There is more than one Host header.');
  if (count === 0 && httpVersionMajor === 1 && httpVersionMinor > 0) {
    throw new CronflowError('bad_request', 'The Host header is missing.');
  }
  const inTarget = targetHosts.get(req);
  if (inTarget === null) {
    throw new CronflowError(
      'bad_request',
      'The target of the request is neither a path nor an http address that can be read.',
    );
  }
  return inTarget ?? headers.host;
}
