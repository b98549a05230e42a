import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Router } from '@koa/router';
import Koa from 'koa';

/**
 * This program is the yardstick of the benchmarks over HTTP: a server that reads the body of a request and gives a
 * fixed answer, of so many bytes. `bare.js node BYTES` is Node alone, `bare.js koa BYTES` is Koa with its router. It
 * sends its port to its parent.
 */
const [kind = 'koa', bytes = '64'] = process.argv.slice(2);
const answer = { ok: true, job: 'x'.repeat(Math.max(0, Number(bytes) - 20)) };
const text = JSON.stringify(answer);

function ofNode(): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    request.on('end', () => {
      response.setHeader('Content-Type', 'application/json');
      response.setHeader('Content-Length', text.length);
      response.end(text);
    });
  };
}

function ofKoa(): RequestListener {
  const app = new Koa();
  const router = new Router();
  router.get('/jobs', (ctx) => {
    ctx.body = answer;
  });
  router.post('/jobs/:name/:kind', async (ctx) => {
    for await (const chunk of ctx.req) void chunk;
    ctx.body = answer;
  });
  app.use(router.routes());
  const handle = app.callback();
  return (request, response) => void handle(request, response);
}

const server = createServer(kind === 'node' ? ofNode() : ofKoa());
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
