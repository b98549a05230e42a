import { compilePattern } from '../model/output.ts';
import { redactKeyBlocks } from './key-blocks.ts';

const REDACTED = '[redacted]';

/**
 * Hides secrets in text that a job printed, or that quotes it: first the matches of the configured patterns, then
 * everything that looks like a secret anywhere. The name of a secret stays. It is pure, and linear in the length of any
 * text.
 * @param text a cleaned text, because a colour in the middle of a password would hide the password from a pattern
 * @param patterns the patterns of `redact` in the configuration, in RE2 syntax; where one has a group, the group alone
 * is hidden
 */
export function redact(text: string, patterns: readonly string[] = []): string {
  const hidden = redactPatterns(text, patterns);
  return redactCommands(redactTokens(redactValues(redactKeyBlocks(hidden, REDACTED))));
}

/** Hides the matches of the configured patterns, and nothing else. */
export function redactPatterns(text: string, patterns: readonly string[]): string {
  return patterns.reduce(redactPattern, text);
}

/** Returns any JSON value with `hide` applied to every text in it but keys. */
export function hideInValue<T>(value: T, hide: (text: string) => string): T {
  if (typeof value === 'string') return hide(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => hideInValue(item, hide)) as T;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, hideInValue(part, hide)])) as T;
}

function redactPattern(text: string, pattern: string): string {
  const matcher = compilePattern(pattern).matcher(text);
  const group = matcher.groupCount() > 0 ? 1 : 0;
  let hidden = '';
  let from = 0;
  while (matcher.find()) {
    const [start, end] = [matcher.start(group), matcher.end(group)];
    // The group took no part in the match, or the match is empty.
    if (start < from || end <= start) continue;
    hidden += text.slice(from, start) + REDACTED;
    from = end;
  }
  return hidden + text.slice(from);
}

// Everything that follows a key is hidden whatever it looks like. So the keys are few, and all but the plainest need a
// name before them. `unexpected token: }` is no secret, `pass: 12` counts tests, PWD is a directory.
const KEY =
  'pass(?:word|wd|phrase)|secret(?:[_-]?access)?(?:[_-]?key(?:[_-]?base)?)?|' +
  'token(?<!\\b(?:unexpected|invalid|illegal|unknown|next|bad|expected|missing)[ \\t_]token)|' +
  '(?:(?:api|access)[ _-]?|(?:auth|private|encryption|account)[_-]?)key|(?<=[a-z0-9]_)(?:pass|pwd)';
// After a comma, a semicolon or an ampersand there may be the next key, or more of the secret.
const UNQUOTED = String.raw`(?:[^\s"'\`,;&]|[,;&](?!\s|[\w.-]{1,40}[=:])|["'\`](?=\w))+`;
const QUOTED = String.raw`\\"[^"\\\n]+|"(?:[^"\\\n]|\\.)+|'(?:[^'\\\n]|\\.)+|\`[^\`\n]+`;
const KEY_AND_VALUE = new RegExp(
  String.raw`(${KEY})(\\?["'\`]?[ \t]{0,3}(?:=>|:=|[:=]=?)[ \t]{0,3})(${QUOTED}|${UNQUOTED})`,
  'gi',
);
/** Matches short keys in the strings by which programs connect. Counts of tests and directories are left alone. */
const SHORT_KEY_AND_VALUE = new RegExp(
  String.raw`((?<![\w-])(?:pass|pwd))(=)(?![/~.]|[a-z]:[\\/]|\d{1,4}(?!\w))(${QUOTED}|${UNQUOTED})`,
  'gi',
);
/** Matches an option, whose value may stand after a space. */
const OPTION = new RegExp(
  String.raw`((?<!-)--[\w-]{0,20}?(?:${KEY}|(?<=--)pass))([ \t]{1,3})(?![-=])(${QUOTED}|${UNQUOTED})`,
  'gi',
);
/** Matches values that say that there is no value, or that somebody hid it already. */
const NO_SECRET =
  /^(?:null|none|nil|undefined|true|false|yes|no|empty|unset|\*+|x{3,}|\.{3}|<.*|%[sd]|\[redacted\].*)[)\]}.]{0,3}$/i;
/**
 * Matches what a shell puts a value in for: a variable, a command or an argument. A password may begin with a dollar as
 * well, so a variable has a name of capitals here, and no default, which could be the password.
 */
const VARIABLE = /^\$(?:[A-Z_][A-Z0-9_]*|\{[A-Za-z_]\w*\}|\(.*|[\d@*#?$!-])[)\]}.]{0,3}$/;
/** Matches words with which a sentence may go on after `password: `. */
const PROSE =
  /^(?:authentication|permission|access|login|incorrect|invalid|wrong|expired|required|missing|must|does|is|was|has|cannot|could|should|not|too|please|the|an?|for|unexpected|expected|failed|failure|error|ok|okay|unknown|denied|set|changed|updated|accepted|rejected)[.,:;!]?$/i;

function redactValues(text: string): string {
  return text
    .replace(KEY_AND_VALUE, (whole: string, key: string, between: string, value: string) =>
      isSecret(value, between.includes(':')) ? key + between + quote(value) : whole,
    )
    .replace(SHORT_KEY_AND_VALUE, (whole: string, key: string, between: string, value: string) =>
      isSecret(value, true) ? key + between + quote(value) : whole,
    )
    .replace(OPTION, (whole: string, option: string, between: string, value: string) =>
      isSecret(value, true) ? option + between + quote(value) : whole,
    );
}

function isSecret(value: string, mayBeProse: boolean): boolean {
  return !NO_SECRET.test(value) && !VARIABLE.test(value) && !(mayBeProse && PROSE.test(value));
}

function quote(value: string): string {
  return (/^\\?["'`]/.exec(value)?.[0] ?? '') + REDACTED;
}

/**
 * Each pattern hides its last group, or all of its match where it has none. Each is linear, because nothing in it is
 * tried twice.
 */
const TOKENS: readonly RegExp[] = [
  // scheme://user:password@host and scheme://token@host
  /(:\/\/[^\s/:@"']{0,256}:)([^\s/"']{1,1024})(?=@)/g,
  /(:\/\/)([\w.~-]{20,256})(?=@)/g,
  // Headers.
  /((?:proxy-)?authorization\\?["']?[ \t]{0,3}[:=][ \t]{0,3}\\?["']?(?:(?:bearer|basic|digest|token|negotiate|aws4-hmac-sha256)[ \t]+)?)([^"'\\\n]+)/gi,
  /((?<![\w-])(?:set-)?cookie["']?[ \t]{0,3}:[ \t]{0,3}["']?)([^"'\n]+)/gi,
  /(\bbearer[ \t]+)([\w.~+/=-]{16,})/gi,
  /(\bbasic[ \t]+)(?=[a-z+/]{0,200}[\d=])([\w+/=]{12,})/gi,
  // PagerDuty has such routing keys. A routing key of a message broker has dots in it, or is short.
  /(routing_key["']?[ \t]{0,3}[:=][ \t]{0,3}["']?)([a-z0-9]{32})(?!\w)/gi,
  // SQL and OpenSSL.
  /(\bidentified[ \t]{1,3}by[ \t]{1,3}(?:password[ \t]{1,3})?["'])([^"'\n]+)/gi,
  /(-pass(?:in|out)?[ \t]{1,3}pass:)(\S+)/g,
  // AWS, Google, JSON Web Tokens, Slack, GitHub, GitLab, Stripe, npm, PyPI, SendGrid, Telegram, Vault, Grafana,
  // Docker, Hugging Face, DigitalOcean, Shopify, Tailscale, age.
  /(?<!\w)(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?!\w)/g,
  /(?<![\w-])AIza[\w-]{35}/g,
  /(?<![\w-])ya29\.[\w-]{20,}/g,
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g,
  /(?<![\w-])(?:xox[a-z]|xapp)-[\w-]{10,}/g,
  /(?<![\w-])(?:gh[pousr]|github_pat)_\w{20,}/g,
  /(?<![\w-])glpat-[\w-]{20,}/g,
  /(?<![\w-])(?:[sr]k_(?:live|test)|whsec)_\w{10,}/g,
  /(?<![\w-])sk-[\w-]{32,}/g,
  /(?<![\w-])npm_[A-Za-z0-9]{36}/g,
  /(?<![\w-])pypi-[\w-]{40,}/g,
  /(?<![\w-])SG\.[\w-]{16,}\.[\w-]{16,}/g,
  /((?<!\d)\d{8,10}:)([\w-]{35})(?![\w-])/g,
  /(?<![\w-])hv[sb]\.[\w-]{20,}/g,
  /(?<![\w-])(?:glsa|dckr_pat|hf|dop_v1|shpat)_\w{20,}/g,
  /(?<![\w-])tskey-[a-z]{1,20}-[\w-]{10,}/g,
  /(?<![\w-])AGE-SECRET-KEY-1[A-Z0-9]{20,}/g,
  // Signed addresses.
  /([?&](?:sig|signature|x-amz-signature|x-goog-signature)=)([^\s&"']+)/gi,
  // Webhooks are secret, because everyone who has the address can post.
  /(hooks\.slack\.com\/(?:services|workflows|triggers)\/)([\w/-]+)/g,
  /(\.office\.com\/webhook(?:b2)?\/)([^\s"']+)/g,
  /(discord(?:app)?\.com\/api\/webhooks\/\d+\/)([\w-]+)/g,
];

function redactTokens(text: string): string {
  let hidden = text;
  for (const token of TOKENS) {
    hidden = hidden.replace(token, (_whole: string, ...groups: unknown[]) =>
      // The offset and the text come after the groups.
      groups.length > 2 ? `${String(groups[0])}${REDACTED}` : REDACTED,
    );
  }
  return hidden;
}

/** These commands take a password in a way of their own, as `set -x` prints them. */
const COMMANDS: readonly { name: string; password: RegExp }[] = [
  { name: 'curl', password: /(?<=\s(?:-u|--user)[ \t=]{0,3}["']?[^\s:"']{1,100}:)[^\s"']+/g },
  { name: 'mysql', password: /(?<=\s-p)[^\s-][^\s]*/g },
  { name: 'sshpass', password: /(?<=\s-p[ \t]{0,3})[^\s]+/g },
  { name: 'docker login', password: /(?<=\s-p[ \t]{1,3})[^\s]+/g },
  { name: 'redis-cli', password: /(?<=\s-a[ \t]{1,3})[^\s]+/g },
];

function redactCommands(text: string): string {
  const commands = COMMANDS.filter(({ name }) => text.includes(name));
  if (commands.length === 0) return text;
  return text
    .split('\n')
    .map((line) => {
      let hidden = line;
      for (const { name, password } of commands) {
        if (line.includes(name)) hidden = hidden.replace(password, REDACTED);
      }
      return hidden;
    })
    .join('\n');
}
