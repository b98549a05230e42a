import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, createSecureContext, TLSSocket } from 'node:tls';

/**
 * A local mail server that is as strict as RFC 5321 and 5322 let it be: lengths of lines, CRLF alone, ASCII alone. Its
 * certificate, in `test/testdata/tls`, is for localhost and 127.0.0.1, signed by itself, and good until 2120.
 */
export interface SmtpServer {
  readonly port: number;
  /** The mails that it accepted, in order. */
  readonly mails: readonly ReceivedMail[];
  /** Every line that clients sent but those of mails, in order. */
  readonly commands: readonly string[];
  /** Gives a fault to the next occasions of each kind, one each, in order. */
  failNext(...faults: SmtpFault[]): void;
  /** Refuses mail for this address with the answer from now on. */
  refuse(address: string, answer: string | null): void;
  /** The number of connections that were made. */
  readonly connections: number;
  close(): Promise<void>;
}

export interface ReceivedMail {
  from: string;
  to: readonly string[];
  /** The mail without the dots that SMTP adds. */
  content: string;
  isEncrypted: boolean;
  user: string | null;
}

export type Stage = 'connect' | 'ehlo' | 'starttls' | 'auth' | 'mail' | 'data' | 'message';

export type SmtpFault =
  /** The server gives this answer. At the stage `message` the mail is not accepted. */
  | { at: Stage; answer: string }
  /** The server never answers. */
  | { at: Stage; hang: true }
  /** The server closes the connection. At the stage `message` it accepts the mail before. */
  | { at: Stage; drop: true };

export interface SmtpServerOptions {
  /** A `plain` server has no STARTTLS. */
  security?: 'tls' | 'starttls' | 'plain';
  /** Maps names to passwords. Without any, the server offers no authentication. */
  users?: Readonly<Record<string, string>>;
  /** Offers authentication before the connection is encrypted, too. */
  offersPlainAuth?: boolean;
}

const pem = (name: string): string =>
  readFileSync(new URL(`../testdata/tls/${name}.pem`, import.meta.url), 'utf8');
const KEY = pem('server-key');
/** The certificate that clients have to trust. */
export const SMTP_CERTIFICATE = pem('server-cert');

const COMMAND_LENGTH_MAX = 512;
const LINE_LENGTH_MAX = 1_000;

export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<SmtpServer> {
  const state: State = { options, mails: [], commands: [], faults: [], refusals: new Map(), connections: 0 };
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    state.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new Session(socket, state, options.security === 'tls').begin();
  };
  const server: Server =
    options.security === 'tls'
      ? createTlsServer({ key: KEY, cert: SMTP_CERTIFICATE }, onConnection)
      : createServer(onConnection);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails: state.mails,
    commands: state.commands,
    failNext: (...faults) => void state.faults.push(...faults),
    refuse(address, answer) {
      if (answer === null) state.refusals.delete(address);
      else state.refusals.set(address, answer);
    },
    get connections() {
      return state.connections;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

interface State {
  options: SmtpServerOptions;
  mails: ReceivedMail[];
  commands: string[];
  faults: SmtpFault[];
  refusals: Map<string, string>;
  connections: number;
}

/** Serves one connection. */
class Session {
  #socket: Socket;
  readonly #state: State;
  #isEncrypted: boolean;
  #rest = '';
  #user: string | null = null;
  #from: string | null = null;
  #to: string[] = [];
  #content: string | null = null;
  /** Takes the next line where that is no command. */
  #onLine: ((line: string) => void) | null = null;

  constructor(socket: Socket, state: State, isEncrypted: boolean) {
    this.#socket = socket;
    this.#state = state;
    this.#isEncrypted = isEncrypted;
  }

  begin(): void {
    this.#listen();
    this.#meet('connect', '220 localhost ESMTP');
  }

  #listen(): void {
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('data', (chunk: Buffer) => {
      this.#rest += chunk.toString('latin1');
      for (let at = this.#rest.indexOf('\n'); at >= 0; at = this.#rest.indexOf('\n')) {
        const line = this.#rest.slice(0, at + 1);
        this.#rest = this.#rest.slice(at + 1);
        if (this.#content === null) this.#command(line);
        else this.#contentLine(line);
      }
    });
  }

  #say(answer: string): void {
    if (!this.#socket.destroyed) this.#socket.write(`${answer}\r\n`);
  }

  /** Answers, unless a fault was ordered for this stage. */
  #meet(stage: Stage, answer: string, then: () => void = () => undefined): void {
    const at = this.#state.faults.findIndex((fault) => fault.at === stage);
    const fault = at < 0 ? undefined : this.#state.faults.splice(at, 1)[0];
    if (fault === undefined) {
      then();
      this.#say(answer);
    } else if ('answer' in fault) {
      this.#say(fault.answer);
    } else if ('drop' in fault) {
      if (stage === 'message') then();
      this.#socket.destroy();
    }
  }

  #command(line: string): void {
    if (!line.endsWith('\r\n') || line.length > COMMAND_LENGTH_MAX) return this.#say('500 5.5.2 line');
    const text = line.slice(0, -2);
    this.#state.commands.push(text);
    if (this.#onLine !== null) return this.#onLine(text);
    const [verb = ''] = text.toUpperCase().split(/[ :]/);
    switch (verb) {
      case 'EHLO':
        return this.#meet('ehlo', this.#extensions());
      case 'STARTTLS':
        return this.#startTls();
      case 'AUTH':
        return this.#auth(text);
      case 'MAIL':
        return this.#mail(text);
      case 'RCPT':
        return this.#recipient(text);
      case 'DATA':
        if (this.#to.length === 0) return this.#say('554 5.5.1 no valid recipients');
        return this.#meet('data', '354 go on', () => (this.#content = ''));
      case 'QUIT':
        this.#say('221 bye');
        this.#socket.end();
        return;
      default:
        this.#say('502 5.5.1 command not known');
    }
  }

  #extensions(): string {
    const { security = 'starttls', users, offersPlainAuth = false } = this.#state.options;
    const lines = ['localhost', 'SIZE 10000000'];
    if (security === 'starttls' && !this.#isEncrypted) lines.push('STARTTLS');
    if (users !== undefined && (this.#isEncrypted || offersPlainAuth)) lines.push('AUTH PLAIN LOGIN');
    return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
  }

  #startTls(): void {
    const { security = 'starttls' } = this.#state.options;
    if (security !== 'starttls' || this.#isEncrypted) return this.#say('502 5.5.1 not here');
    this.#meet('starttls', '220 go on', () => {
      const plain = this.#socket;
      plain.removeAllListeners('data');
      setImmediate(() => {
        this.#socket = new TLSSocket(plain, {
          isServer: true,
          secureContext: createSecureContext({ key: KEY, cert: SMTP_CERTIFICATE }),
        });
        this.#isEncrypted = true;
        this.#rest = '';
        this.#listen();
      });
    });
  }

  #auth(text: string): void {
    const [, , initial] = text.split(' ');
    const check = (encoded: string): void => {
      this.#onLine = null;
      const [, name = '', password] = Buffer.from(encoded, 'base64').toString('utf8').split('\0');
      const isRight = this.#state.options.users?.[name] === password;
      const answer = isRight ? '235 2.7.0 welcome' : '535 5.7.8 credentials invalid';
      this.#meet('auth', answer, () => (this.#user = isRight ? name : null));
    };
    if (initial !== undefined) return check(initial);
    this.#onLine = check;
    this.#say('334 ');
  }

  #mail(text: string): void {
    const { users } = this.#state.options;
    if (users !== undefined && this.#user === null) return this.#say('530 5.7.0 authenticate first');
    const from = /^MAIL FROM:<([^<> ]*)>/i.exec(text)?.[1];
    if (from === undefined) return this.#say('501 5.1.7 no address');
    this.#meet('mail', '250 2.1.0 ok', () => {
      this.#from = from;
      this.#to = [];
    });
  }

  #recipient(text: string): void {
    const to = /^RCPT TO:<([^<> ]+)>$/i.exec(text)?.[1];
    if (to === undefined || this.#from === null) return this.#say('501 5.1.3 no address');
    const refusal = this.#state.refusals.get(to);
    if (refusal !== undefined) return this.#say(refusal);
    this.#to.push(to);
    this.#say('250 2.1.5 ok');
  }

  #contentLine(line: string): void {
    if (line !== '.\r\n') {
      this.#content += line.replace(/^\./, '');
      return;
    }
    const content = this.#content ?? '';
    this.#content = null;
    const fault = faultOfMail(content);
    if (fault !== null) return this.#say(`554 5.6.0 ${fault}`);
    const mail = { from: this.#from ?? '', to: this.#to, content };
    this.#meet('message', '250 2.0.0 queued', () =>
      this.#state.mails.push({ ...mail, isEncrypted: this.#isEncrypted, user: this.#user }),
    );
    this.#from = null;
  }
}

/** Finds a fault of a mail by RFC 5321, 4.5.3.1.6 and RFC 5322, 2.1 and 2.3, without 8BITMIME. */
function faultOfMail(content: string): string | null {
  const lines = content.split('\r\n');
  if (lines.some((line) => /[\r\n]/.test(line))) return 'bare CR or LF';
  if (lines.some((line) => line.length + 2 > LINE_LENGTH_MAX)) return 'line too long';
  // oxlint-disable-next-line no-control-regex
  if (/[^\u0001-\u007f]/.test(content)) return 'not ASCII';
  const head = lines.slice(0, lines.indexOf(''));
  // oxlint-disable-next-line no-control-regex
  if (head.some((line) => !/^(?:[\w-]+: ?|[ \t])[\t -~]*$/.test(line))) return 'bad header';
  const names = head.filter((line) => /^\w/.test(line)).map((line) => line.split(':')[0]?.toLowerCase());
  const once = ['from', 'to', 'subject', 'date', 'message-id', 'in-reply-to', 'references'];
  const tooOften = once.find((name) => names.filter((each) => each === name).length > 1);
  if (tooOften !== undefined) return `${tooOften} twice`;
  return ['from', 'to', 'date', 'message-id'].every((name) => names.includes(name)) ? null : 'header missing';
}
