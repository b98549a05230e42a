import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Fault, FaultCode } from '../core/model/errors.ts';
import type { SourceFile } from './config.ts';

/** Larger files are refused; some 200,000 jobs fit into one. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;

/** The content of a path at a moment, or the reason why it cannot be read. */
export type ReadResult = { fingerprint: string; file: SourceFile } | { fingerprint: string; fault: Fault };

/**
 * Reads a file, or says why it is no text of an acceptable size. The fingerprint is the SHA-256 of the content, or a
 * text that differs for each reason. Equal fingerprints mean that nothing changed.
 */
export async function readConfigFile(path: string): Promise<ReadResult> {
  const refuse = (code: FaultCode, message: string, fingerprint = `${code}: ${message}`): ReadResult => ({
    fingerprint,
    fault: { code, path: '', message, file: path },
  });
  try {
    const stats = await stat(path);
    if (stats.isDirectory()) return refuse('file_unreadable', 'is a directory; a file is wanted');
    // Reading a pipe or a device may never end.
    if (!stats.isFile()) return refuse('file_unreadable', 'is not a regular file');
    if (stats.size > FILE_BYTES_MAX) {
      const message = `has ${stats.size} bytes; at most ${FILE_BYTES_MAX} are allowed`;
      return refuse('file_too_large', message, `${message} ${stats.mtimeMs}`);
    }
    const bytes = await readFile(path);
    const fingerprint = sha256(bytes);
    const text = decode(bytes);
    if (text === null) return { fingerprint, fault: { ...notUtf8(bytes), path: '', file: path } };
    if (text.trim() === '')
      return refuse('file_empty', 'is empty; write "jobs: {}" for no jobs', fingerprint);
    return { fingerprint, file: { path, text } };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return refuse('file_missing', 'does not exist');
    return refuse('file_unreadable', unreadable(code));
  }
}

/** Says why the system does not let a file or a directory be read. */
export function unreadable(code: string): string {
  return code === 'EACCES' ? 'may not be read (EACCES)' : `cannot be read (${code})`;
}

/**
 * Returns the fault for a file at which Cronflow itself fails. It leaves out the message of the error, because that
 * may quote the file.
 */
export function internalFault(path: string, error: unknown): Fault {
  const [name, stack = ''] = error instanceof Error ? [error.name, error.stack] : ['an error without a name'];
  const place = /\b((?:src|dist)\/[\w./-]+:\d+)/.exec(stack)?.[1];
  const where = place === undefined ? '' : ` at ${place}`;
  const message = `cannot be read because Cronflow itself fails at it (${name}${where}); please report this`;
  return { code: 'internal', path: '', message, file: path };
}

export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Returns the fault of a file that is no UTF-8, with the place of the first wrong byte. */
function notUtf8(bytes: Uint8Array): Pick<Fault, 'code' | 'message' | 'line' | 'column'> {
  const code = 'file_not_utf8';
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16) return { code, message: 'is encoded in UTF-16; save it as UTF-8' };
  const replaced = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  const at = replaced.findIndex((byte, i) => byte !== bytes[i]);
  const before = Buffer.from(bytes.subarray(0, at)).toString('utf8').split('\n');
  const message =
    'is not encoded in UTF-8; save it as such, or convert it, such as with iconv -f latin1 -t utf8';
  return { code, message, line: before.length, column: before.at(-1)!.length + 1 };
}

function decode(bytes: Uint8Array): string | null {
  try {
    // A byte order mark is kept, so that the text still has the file's SHA-256.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
