import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PathProxy {
  /** The address under which the server is shown, with the path. */
  readonly url: string;
  close(): void;
}

/**
 * Shows a server under a path, as a reverse proxy does.
 * @param leavesPath true if the server gets the path as it came; else it is taken off, and a header names it
 */
export async function startPathProxy(path: string, port: number, leavesPath: boolean): Promise<PathProxy> {
  const proxy = createServer((from, to) => {
    const asked = from.url ?? '/';
    if (!asked.startsWith(path)) return void to.writeHead(404).end();
    const options = {
      host: '127.0.0.1',
      port,
      path: leavesPath ? asked : asked.slice(path.length) || '/',
      method: from.method,
      headers: { ...from.headers, 'x-forwarded-prefix': path },
    };
    const passed = httpRequest(options, (answer) => {
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    // Either side may leave in the middle, as a browser does that closes a stream of events.
    passed.on('error', () => to.destroy());
    to.on('close', () => passed.destroy());
    from.pipe(passed);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port: ownPort } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${ownPort}${path}`,
    close: () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}
