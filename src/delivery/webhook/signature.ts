import { createHmac } from 'node:crypto';

/**
 * Returns the headers by which a receiver knows that a body comes from here and is no replay. They hold the
 * HMAC-SHA256 over `TIMESTAMP.BODY` with each of the keys, as `v1=HEX`, the newest first.
 * @param secrets one key, or two while receivers change from one to the other
 */
export function signatureHeaders(
  secrets: readonly string[],
  body: string,
  nowAt: number,
): Record<string, string> {
  if (secrets.length === 0) return {};
  const timestamp = String(Math.floor(nowAt / 1_000));
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', secret).update(`${timestamp}.${body}`);
    return `v1=${hmac.digest('hex')}`;
  });
  return { 'cronflow-timestamp': timestamp, 'cronflow-signature': signatures.join(',') };
}
