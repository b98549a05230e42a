import { maskCredentials, stars } from './mask.ts';
import { validators } from '../schema.ts';

/** Matches keys whose values are probably secret, whatever they belong to. */
const LOOKS_SECRET =
  /pass(?!ed|es|ing|ive)|pwd|secret|token|credential|cookie|bearer|webhook|api[_ -]?key|(?:access|private|auth|signing|encryption|routing|integration|license|account|service)[_ -]?key|(?:^|[_ -])(?:key|auth|authorization|dsn|pin|salt|sig|signature)$|conn(?:ection)?[_ -]?str|(?:database|db|redis|mongo|amqp|broker|smtp)[_ -]?ur[il]/i;
/** The keys below these are names that people choose. */
const NAMED = new Set(['jobs', 'groups', 'notifiers']);
/**
 * Matches a key at the start of a line, with the marks that may stand before it. The lookahead keeps it from trying
 * those marks in several ways, because a line may be full of them.
 */
const KEY =
  /^(?=([ \t]*(?:(?:-|\?)[ \t]+)*))\1((?:[&!]\S*[ \t]+)*)(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s#[\]{},"'&*!|>%@`:](?:[^:#]|:(?=\S)|#(?<!\s#))*?))[ \t]?:(?=[ \t]|$)/;
/** Matches a key anywhere: in braces, in a comment, or in settings as other programs write them. */
const KEY_WITHIN =
  /(?:(?<![\w.-])([A-Za-z_][\w.-]*)|"((?:[^"\\]|\\.)+)"|'([^']+)')[ \t]*(?:=|:(?=[ \t]|["'[{])|(?<=["']):)[ \t]*(?=\S)/g;
/** Matches a single variable, which shows nothing but its name. */
const VARIABLE = /^(["']?)\$\{\w+(?::-)?\}\1[ \t]*(?:[,}\]#].*)?$/;
/** Matches a single variable with nothing but a comment behind it. */
const VARIABLE_ALONE = /^(["']?)\$\{\w+(?::-)?\}\1[ \t]*(?:#.*)?$/;
const EMPTY = /^(?:""|''|#.*)?$/;
/** Matches an empty value that is followed by the next key of the same braces or by their end. */
const EMPTY_WITHIN = /^(?:""|'')[ \t]*(?:\}|,[ \t]*["']?[\w-]+["']?[ \t]*:[ \t])/;
/** Matches the value of a `*_file` key that is a path, and no secret that was put in its place. */
const PATH = /^["']?(?:\.{0,2}\/|~\/|\$\{|[\w.-]+\/[\w./-]+["']?$|[\w-]+\.\w{2,4}["']?$)/;
/** Matches text that is no value, although no key stands before it. */
const MARK = /^(?:[ \t]*#|---|\.\.\.|%|<{7}|={7}|>{7}|[ \t]*[\]}]*,?[ \t]*$)/;

interface Open {
  indent: number;
  key: string;
}

/**
 * Returns the text of a file with stars in place of whatever is or may be a secret, and keeps its length. It hides
 * the value of every key that the schema calls secret or that sounds like one, whatever its shape, and all that
 * stands below it. Among the notifiers it also hides what stands under keys that no notifier has. It reads lines
 * instead of YAML, so that it works on text that is no YAML, which is quoted most. It hides too much rather than too
 * little.
 */
export function withoutSecrets(text: string): string {
  const scan = new Scan();
  return text
    .split(/(?<=\n)/)
    .map((line) => {
      const end = /\r?\n?$/.exec(line)?.index ?? line.length;
      const [hidden, credentials] = [scan.line(line.slice(0, end)), maskCredentials(line)];
      const either = Array.from(credentials.slice(0, end).split(''), (as, at) =>
        as === '*' ? as : hidden[at],
      );
      return either.join('') + line.slice(end);
    })
    .join('');
}

/** Hides the rest of one value that was read, from the first part on that a key within the value calls secret. */
export function withoutSecretsWithin(value: string): string {
  return new Scan().maskKeys(value, 0);
}

class Scan {
  /** The keys below which the line stands, outermost first. */
  #open: Open[] = [];
  /** The indentation of the key below which everything is hidden; null where nothing is. */
  #hiddenIndent: number | null = null;
  /** The number of open brackets; `#quote` is the quote that is open, if any. */
  #depth = 0;
  #quote: '"' | "'" | null = null;
  /** True while everything is hidden until brackets and quotes are closed. */
  #isHiddenWithin = false;
  /** The key of a `? key` whose value begins on a later line. */
  #explicit: string | null = null;

  line(line: string): string {
    if (line.trim() === '') return line;
    if (this.#depth > 0 || this.#quote !== null) return this.#within(line);
    const indent = /^[ \t]*/.exec(line)?.[0].length ?? 0;
    if (this.#hiddenIndent !== null) {
      // A list may stand as far to the left as its key.
      const isBelow =
        indent > this.#hiddenIndent || (indent === this.#hiddenIndent && /^[ \t]*-(?:[ \t]|$)/.test(line));
      if (isBelow) return masked(line);
      this.#hiddenIndent = null;
    }
    return this.#ordinary(line, indent);
  }

  #within(line: string): string {
    const isHidden = this.#isHiddenWithin;
    const isBare = this.#isAmongNotifiers() && !MARK.test(line) && line.search(KEY_WITHIN) === -1;
    const shown = isHidden || isBare ? masked(line) : this.maskKeys(line, 0);
    this.#follow(line);
    if (this.#depth === 0 && this.#quote === null) this.#isHiddenWithin = false;
    else if (shown !== line) this.#isHiddenWithin = true;
    return shown;
  }

  #ordinary(line: string, indent: number): string {
    const value = /^[ \t]*:[ \t]+/.exec(line);
    if (value !== null && this.#explicit !== null)
      return this.#valueOf(this.#explicit, line, value[0].length, indent);
    const match = KEY.exec(line);
    if (match === null) return this.#withoutKey(line, indent);
    const keyIndent = (match[1] ?? '').length;
    const key = (match[3] ?? match[4] ?? match[5] ?? '').trim();
    this.#open = this.#open.filter((open) => open.indent < keyIndent);
    this.#open.push({ indent: keyIndent, key });
    const from = match[0].length + (/^[ \t]*/.exec(line.slice(match[0].length))?.[0].length ?? 0);
    return this.#valueOf(key, line, from, keyIndent);
  }

  #withoutKey(line: string, indent: number): string {
    const explicit = /^[ \t]*\?[ \t]+(.*)$/.exec(line)?.[1];
    if (explicit !== undefined) {
      this.#explicit = explicit.replaceAll(/["']/g, '');
      return line;
    }
    this.#open = this.#open.filter((open) => open.indent < indent || /^[ \t]*-/.test(line));
    // Text without any key is hidden, because the file may be no configuration at all.
    if (this.#open.length === 0 && !MARK.test(line) && !/^[ \t]*[[{]/.test(line)) return masked(line);
    // A text by itself is out of place where only names stand.
    const isOfSecret = this.#isAmongNotifiers() || LOOKS_SECRET.test(this.#open.at(-1)?.key ?? '');
    const isOdd = isOfSecret && this.#open.length < 3 && !MARK.test(line);
    const shown = isOdd && !/^[ 	]*[[{]/.test(line) ? masked(line) : this.maskKeys(line, 0);
    this.#follow(line);
    if (shown !== line && (this.#depth > 0 || this.#quote !== null)) this.#isHiddenWithin = true;
    return shown;
  }

  /** @param from the index at which the value begins */
  #valueOf(key: string, line: string, from: number, indent: number): string {
    this.#explicit = null;
    const value = line.slice(from);
    const isNamed = this.#open.length === 2 && NAMED.has(this.#open[0]?.key ?? '');
    // A name may sound like a secret; but its value must be a mapping.
    const isMapping = (LOOKS_SECRET.test(key) ? /^(?:$|[{#])/ : /^(?:$|[{&*#])/).test(value);
    const isOdd = !isMapping && (this.#isAmongNotifiers() || LOOKS_SECRET.test(key));
    const isAllOdd = !isMapping && key === 'notifiers' && this.#open.length === 1;
    const isHidden = isNamed ? isOdd : isAllOdd || this.#isSecret(key, value);
    if (!isHidden) {
      const quoted = /^"(?:[^"\\]|\\.)*"?|^'(?:[^']|'')*'?/.exec(value)?.[0].length ?? 0;
      const shown = this.maskKeys(line, from, from + quoted);
      if (/^[[{"']/.test(value)) this.#follow(value);
      if (shown !== line && (this.#depth > 0 || this.#quote !== null)) this.#isHiddenWithin = true;
      return shown;
    }
    // The names of headers are shown.
    if (key === 'headers' && EMPTY.test(value)) return line;
    this.#hiddenIndent = indent;
    if (VARIABLE_ALONE.test(value) || EMPTY.test(value)) return line;
    if (/^(?:[&!]\S*[ \t]+)*[[{"']/.test(value)) {
      this.#follow(value);
      this.#isHiddenWithin = this.#depth > 0 || this.#quote !== null;
    }
    return line.slice(0, from) + stars(value);
  }

  #isSecret(key: string, value: string): boolean {
    const { secret, known } = knownKeys();
    if (key.endsWith('_file') && known.has(key)) return !PATH.test(value);
    if (key.includes('\\') || secret.has(key) || LOOKS_SECRET.test(key)) return true;
    if (!this.#isAmongNotifiers()) return false;
    // A key this deep below a notifier is a header, or part of a shape that nobody foresaw.
    return this.#open.length > 3 || (this.#open.length === 3 && (!known.has(key) || key === 'headers'));
  }

  #isAmongNotifiers(): boolean {
    return this.#open[0]?.key === 'notifiers' && this.#open[0].indent === 0;
  }

  /**
   * Hides the rest of a line from the first value on that belongs to a secret key.
   * @param quotedTo the end of a text in quotes, in which not every word before a colon is a key
   */
  maskKeys(line: string, from: number, quotedTo = 0): string {
    const { secret, known } = knownKeys();
    for (const match of line.slice(from).matchAll(KEY_WITHIN)) {
      const key = match[1] ?? match[2] ?? match[3] ?? '';
      const at = from + match.index + match[0].length;
      const value = line.slice(at);
      const isFile = key.endsWith('_file') && known.has(key) && PATH.test(value);
      const isUnknown = at >= quotedTo && this.#isAmongNotifiers() && !known.has(key) && !/^[{[]/.test(value);
      if (isFile || !(key.includes('\\') || secret.has(key) || LOOKS_SECRET.test(key) || isUnknown)) continue;
      if (VARIABLE.test(value) || EMPTY.test(value) || EMPTY_WITHIN.test(value)) continue;
      return line.slice(0, at) + stars(value);
    }
    return line;
  }

  /** Counts the brackets and quotes that a text opens and closes. */
  #follow(text: string): void {
    for (let i = 0; i < text.length; i += 1) {
      const character = text[i];
      if (this.#quote !== null) {
        if (character === '\\' && this.#quote === '"') i += 1;
        else if (character === this.#quote) this.#quote = null;
      } else if (character === '#' && (i === 0 || /\s/.test(text[i - 1] ?? ''))) return;
      else if ((character === '"' || character === "'") && /^$|[\s,:[{]/.test(text[i - 1] ?? ''))
        this.#quote = character;
      else if (character === '[' || character === '{') this.#depth += 1;
      else if (character === ']' || character === '}') this.#depth = Math.max(0, this.#depth - 1);
    }
  }
}

/** Hides a whole line but the blanks before it. */
function masked(line: string): string {
  const from = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  return line.slice(0, from) + stars(line.slice(from));
}

interface Keys {
  /** Keys whose values are secret. */
  secret: ReadonlySet<string>;
  /** All keys that a notifier of any kind may have. */
  known: ReadonlySet<string>;
}

let keys: Keys | undefined;

/** Returns the keys of all kinds of notifiers and of the heartbeat, as the schema has them. */
function knownKeys(): Keys {
  if (keys !== undefined) return keys;
  const { schema } = validators();
  const branches = [
    ...(schema.definitions?.['notifier']?.oneOf ?? []),
    schema.properties?.['heartbeat'] ?? {},
  ];
  const all = branches.flatMap(({ properties = {} }) => Object.entries(properties));
  const secret = all.filter(([, { writeOnly }]) => writeOnly === true).map(([key]) => key);
  keys = { secret: new Set(secret), known: new Set(all.map(([key]) => key)) };
  return keys;
}
