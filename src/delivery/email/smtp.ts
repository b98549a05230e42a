import SMTPConnection from 'nodemailer/lib/smtp-connection';

const CONNECT_TIMEOUT_MS = 8_000;
/** Of silence; longer than an attempt, which its signal ends. */
const SOCKET_TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 64 * 1_024;

const NO_STARTTLS =
  ' to STARTTLS, which it does not offer there; security: tls (port 465) may be what it wants';

/** Where mail is handed over, and how. */
export interface SmtpSettings {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  credentials: { username: string; password: string } | null;
  /** PEM of the authorities that are trusted instead of the system's; null for those. */
  ca: string | null;
}

export interface Envelope {
  from: string;
  to: readonly string[];
}

/** Why something was not taken. */
export interface Refusal {
  /** The code of SMTP, e.g. 450; null where there was no answer. */
  status: number | null;
  /** In the words of the server, or of what went wrong on the way to it. */
  text: string;
}

/** What became of a mail at whose end the server said yes to some: the rest was refused. */
export interface Handover {
  refused: readonly { address: string; refusal: Refusal }[];
  /** The Message-ID that the server gave it instead of its own; null: none. */
  messageId: string | null;
}

/** A mail that nobody took; who was refused, if the server came as far as that. */
export class SmtpError extends Error {
  readonly refusal: Refusal;
  readonly refused: Handover['refused'];

  constructor(refusal: Refusal, refused: Handover['refused'] = []) {
    super(refusal.text);
    this.refusal = refusal;
    this.refused = refused;
  }
}

/**
 * Hands a mail over, in a connection of its own, without repeating. Credentials go over TLS alone: where a server
 * offers none, nothing is sent.
 * @throws SmtpError when nobody took it
 */
export function handOver(
  settings: SmtpSettings,
  envelope: Envelope,
  content: Buffer,
  signal: AbortSignal,
): Promise<Handover> {
  return new Promise((resolve, reject) => {
    const connection = new SMTPConnection(optionsOf(settings));
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', abort);
      settle();
    };
    const fail = (error: unknown): void =>
      end(() => {
        connection.close();
        reject(errorOf(error));
      });
    const abort = (): void => fail(new Error('no answer in time'));
    // Also heard after the end, when nobody else would hear an error any more.
    connection.on('error', fail);
    connection.on('end', () => fail(new Error('the connection was closed')));
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) return abort();

    const send = (): void =>
      connection.send({ from: envelope.from, to: [...envelope.to] }, content, (error, info) => {
        if (error) return fail(error);
        end(() => {
          connection.quit();
          resolve({
            refused: refusedOf(info?.rejectedErrors),
            messageId: info?.serverMessageId ?? null,
          });
        });
      });
    connection.connect((error) => {
      if (error) return fail(error);
      const { credentials } = settings;
      if (credentials === null) return send();
      const { username: user, password: pass } = credentials;
      connection.login({ user, pass }, (refusal) => (refusal ? fail(refusal) : send()));
    });
  });
}

function optionsOf({ host, port, security, ca }: SmtpSettings): SMTPConnection.Options {
  return {
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: SOCKET_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    maxResponseSize: ANSWER_BYTES_MAX,
    // Also on the machine itself, where there may be no other network.
    allowInternalNetworkInterfaces: true,
    tls: { minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
  };
}

/** What nodemailer says of an error. */
interface Said {
  message?: string;
  code?: string;
  response?: string;
  responseCode?: number;
  /** What the answer was to. */
  command?: string;
  recipient?: string;
  rejectedErrors?: Said[];
}

function errorOf(error: unknown): SmtpError {
  const said = error as Said;
  return new SmtpError(refusalOf(said), refusedOf(said.rejectedErrors));
}

function refusedOf(errors: readonly unknown[] = []): Handover['refused'] {
  return errors.map((error) => {
    const said = error as Said;
    return { address: said.recipient ?? '', refusal: refusalOf(said) };
  });
}

function refusalOf({ message = 'unknown error', response, responseCode, code, command }: Said): Refusal {
  if (responseCode !== undefined && response !== undefined) {
    const hint = command === 'STARTTLS' && responseCode >= 500 ? NO_STARTTLS : '';
    return { status: responseCode, text: `${response}${hint}` };
  }
  return {
    status: null,
    text: code === undefined || message.includes(code) ? message : `${message} (${code})`,
  };
}
