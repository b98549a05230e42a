import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface WebhookRequest {
  method: string;
  /** The path and the query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface WebhookAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export type WebhookFault =
  /** The server gives this answer instead of the usual one and does not accept the request. */
  | ({ kind: 'answer' } & WebhookAnswer)
  /** No answer comes until the client gives up. */
  | { kind: 'hang' }
  /** The connection is closed before the request is read. */
  | { kind: 'reset' }
  /** The request is accepted and the connection closed without an answer. */
  | { kind: 'accept_and_drop' };

/** A local server that takes posts and is as strict as the service that it stands in for. */
export interface WebhookServer {
  /** The address without a path. */
  readonly origin: string;
  /** The accepted requests in order. */
  readonly accepted: readonly WebhookRequest[];
  /** The status of each answer, in order; null for none. */
  readonly answers: readonly (number | null)[];
  /** Gives each of the next requests a fault instead of the usual treatment, in order. */
  failNext(...faults: WebhookFault[]): void;
  /** Ends every connection, also one that hangs. */
  close(): Promise<void>;
}

/**
 * Starts a server.
 * @param judge answers as a service does; an answer of 2xx means that the service has accepted the request
 */
export async function startWebhookServer(
  judge: (request: WebhookRequest) => WebhookAnswer = () => ({ status: 204 }),
): Promise<WebhookServer> {
  const accepted: WebhookRequest[] = [];
  const answers: (number | null)[] = [];
  const faults: WebhookFault[] = [];

  const answer = (response: ServerResponse, { status, headers = {}, body = '' }: WebhookAnswer): void => {
    answers.push(status);
    response.writeHead(status, headers).end(body);
  };
  const drop = (request: IncomingMessage): void => {
    answers.push(null);
    request.socket.destroy();
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const fault = faults.shift();
    if (fault?.kind === 'reset') return drop(message);
    const request = await read(message);
    if (fault?.kind === 'hang') return void answers.push(null);
    if (fault?.kind === 'answer') return answer(response, fault);
    const judged = judge(request);
    if (judged.status >= 200 && judged.status < 300) accepted.push(request);
    if (fault?.kind === 'accept_and_drop') return drop(message);
    answer(response, judged);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    accepted,
    answers,
    failNext: (...more) => void faults.push(...more),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(message: IncomingMessage): Promise<WebhookRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const { method = '', url: path = '', headers } = message;
  // Services, too, refuse a body that is not UTF-8.
  const body = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  return { method, path, headers, body };
}
