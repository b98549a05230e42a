/** Matches 127.0.0.0/8 as the standard library reads an IPv4 address: four numbers without leading zeros. */
const IPV4 = /^127(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Tells whether an address, or the name in a URL or a `Host` header, can only mean this machine. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost' || name === '::1') return true;
  return IPV4.test(name.replace(/^::ffff:/, ''));
}
