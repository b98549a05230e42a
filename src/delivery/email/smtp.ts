import SMTPConnection from 'nodemailer/lib/smtp-connection';

const CONNECT_TIMEOUT_MS = 8_000;
/**
 * The longest silence on a connection. It is longer than an attempt, because the signal of the attempt ends that
 * first.
 */
const SOCKET_TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 64 * 1_024;

const NO_STARTTLS =
  ' to STARTTLS, which it does not offer there; security: tls (port 465) may be what it wants';

/** The server that takes the mail, and how it is reached. */
export interface SmtpSettings {
  host: string;
  port: number;
  security: 'tls' | 'starttls' | 'none';
  credentials: { username: string; password: string } | null;
  /** The authorities (PEM) that are trusted instead of those of the system; null trusts those of the system. */
  ca: string | null;
}

export interface Envelope {
  from: string;
  to: readonly string[];
}

/** The reason why a mail or an address was not taken. */
export interface Refusal {
  /** The status code of SMTP, e.g. 450; null where there was no answer. */
  status: number | null;
  /** The words of the server, or the error on the way to it. */
  text: string;
}

/** The result for a mail that the server took for at least one address; the others were refused. */
export interface Handover {
  refused: readonly { address: string; refusal: Refusal }[];
  /** The Message-ID by which the server replaced that of the mail; null where it did not. */
  messageId: string | null;
}

/** Thrown when nobody took a mail. `refused` lists the addresses, if the server came as far as that. */
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
    // This listener stays after the end, because an error that nobody hears ends the process.
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
    // Internal interfaces are allowed, because a machine may have no other network than its own.
    allowInternalNetworkInterfaces: true,
    tls: { minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
  };
}

/** The parts of nodemailer's errors that are read here. */
interface Said {
  message?: string;
  code?: string;
  response?: string;
  responseCode?: number;
  /** The command that was answered. */
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
