import { maskUrls } from '../config/secrets/mask.ts';
import { visible } from '../config/secrets/visible.ts';

const LENGTH_MAX = 200;
const HIDDEN = '***';
/** Matches options and settings whose value is a secret, with the separator between the two. */
const SECRET_VALUE =
  /((?:[\w-]*(?:pass(?:wo?rd|wd)?|pwd|secret|token|api-?_?key|auth|cred)[\w-]*)(?:=|:\s*|\s+))("[^"]*"|'[^']*'|[^\s"';|&]+)/gi;
/** Match short options of some programs whose value is a secret. */
const SECRET_OPTIONS: readonly RegExp[] = [
  /(\b(?:mysql|mariadb)[\w-]*\b[^|;&]*?\s-p)([^\s"';|&]+)/gi,
  /(\bsshpass\b[^|;&]*?\s-p\s*)("[^"]*"|'[^']*'|[^\s;|&]+)/gi,
  /(\bredis-cli\b[^|;&]*?\s-a\s*)("[^"]*"|'[^']*'|[^\s;|&]+)/gi,
  /(\bcurl\b[^|;&]*?\s(?:-u|--user)\s*)("[^"]*"|'[^']*'|[^\s;|&]+)/gi,
  /(\b(?:ldap\w+|smbclient)\b[^|;&]*?\s-[wU]\s*)("[^"]*"|'[^']*'|[^\s;|&]+)/gi,
];
/** Matches a word that is opaque enough to be a key. */
const OPAQUE = /\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{24,}\b/g;

/**
 * Writes a command on one line for a comment, and hides what looks like a secret, because files with jobs go into
 * git.
 */
export function shownCommand(command: string): string {
  const whole = maskUrls(visible(command.trim()))
    .replace(SECRET_VALUE, `$1${HIDDEN}`)
    .replace(OPAQUE, HIDDEN);
  const shown = SECRET_OPTIONS.reduce((text, option) => text.replace(option, `$1${HIDDEN}`), whole);
  return shown.length > LENGTH_MAX ? `${shown.slice(0, LENGTH_MAX)}...` : shown;
}
