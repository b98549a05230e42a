import type { IncomingMessage } from 'node:http';
import { CronflowError } from '../../core/model/errors.ts';

/** The hosts of requests whose target was a full address; null where it could not be read. */
const targetHosts = new WeakMap<IncomingMessage, string | null>();

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/is;
/** Matches a host and a port, without name and password. */
const AUTHORITY = /^[^\s@]+$/;

/**
 * Turns a target that is a full address, as clients send it to a proxy, into its path. All code that reads targets
 * later understands only a path, and Node's warning about an address that it cannot read quotes the whole of it.
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
 * Returns the host that a request is meant for: that of its target, which counts before the header (RFC 9112), or
 * that of its one `Host` header; undefined for HTTP/1.0 without one.
 * @throws CronflowError `bad_request`
 */
export function hostOf(req: IncomingMessage): string | undefined {
  const { headers, rawHeaders, httpVersionMajor, httpVersionMinor } = req;
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (isHost(rawHeaders[at]!)) count += 1;
  // With two headers, a program that reads the first and one that reads the last would see different requests.
  if (count > 1) throw new CronflowError('bad_request', 'There is more than one Host header. Send one.');
  if (count === 0 && httpVersionMajor === 1 && httpVersionMinor > 0) {
    throw new CronflowError(
      'bad_request',
      'The Host header is missing, which HTTP/1.1 needs. Send the name that is asked, as in "Host: 127.0.0.1:8000".',
    );
  }
  const inTarget = targetHosts.get(req);
  if (inTarget === null) {
    throw new CronflowError(
      'bad_request',
      'The target of the request is neither a path, such as /jobs, nor an address that begins with http:// or https://.',
    );
  }
  return inTarget ?? headers.host;
}

function isHost(header: string): boolean {
  return header.length === 4 && header.toLowerCase() === 'host';
}
