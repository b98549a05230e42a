import type { Document, ErrorCode, Lexer, YAMLError } from 'yaml';

/** A mistake that keeps a text from being YAML, in our words, with its offset. */
export interface SyntaxMistake {
  message: string;
  at: number;
}

const MISTAKES_MAX = 20;

/**
 * Our words for each error code of the library. A message of the library is never passed on, because it quotes the
 * text, secrets and control characters included. When a new version brings a code, the compiler asks for words for
 * it.
 */
const MEANINGS: Record<ErrorCode, string> = {
  ALIAS_PROPS: 'an alias such as *name takes no anchor and no tag',
  BAD_ALIAS: 'an anchor (&) or an alias (*) needs a name, which does not end with a colon',
  BAD_COLLECTION_TYPE: 'tags such as !name are not understood here',
  BAD_DIRECTIVE:
    'a line that begins with % is a directive, and the only one that is understood is "%YAML 1.2"',
  BAD_DQ_ESCAPE:
    'in double quotes a backslash begins an escape such as \\n or \\u00e9, and here is none; write \\\\ for a backslash, or use single quotes',
  BAD_INDENT:
    'is not YAML: this line does not fit below the one above: is the indentation of both right, and does each key have a colon?',
  BAD_PROP_ORDER: 'is not YAML: an anchor or a tag stands right before its value, behind "-" or "key:"',
  BAD_SCALAR_START: 'a value that begins with this character must stand in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a mapping cannot begin here: is the indentation right, or does a value with ": " lack quotes?',
  BLOCK_IN_FLOW:
    'is not YAML: within {} or [] no list with "-" and no mapping over several lines can stand; is a bracket not closed?',
  DUPLICATE_KEY: 'stands here a second time',
  IMPOSSIBLE: 'is not YAML: this cannot be read',
  KEY_OVER_1024_CHARS: 'is not YAML: a key has at most 1024 characters',
  MISSING_CHAR: 'is not YAML: a character is missing before this',
  MULTILINE_IMPLICIT_KEY:
    'is not YAML: a key and its colon must stand on one line; is a colon or a # missing?',
  MULTIPLE_ANCHORS: 'is not YAML: a value has one anchor (&name) at most',
  MULTIPLE_DOCS: 'holds more than one document; only one is read',
  MULTIPLE_TAGS: 'tags such as !name are not understood here',
  NON_STRING_KEY: 'a key must be plain text',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'is not YAML: lines are indented with spaces, not with tabs',
  TAG_RESOLVE_FAILED: 'tags such as !name are not understood here',
  UNEXPECTED_TOKEN: 'is not YAML: this does not belong here',
};

/** Our words for what is missing, by the beginning of the library's message for `MISSING_CHAR`. */
const MISSING: readonly (readonly [start: string, message: string])[] = [
  ['Missing closing', 'is not YAML: a quote is not closed'],
  ['Implicit map keys need', 'is not YAML: a colon is missing behind the key'],
  ['Missing , ', 'is not YAML: a comma is missing before this'],
  ['Missing space after :', 'is not YAML: a space is missing behind the colon'],
  ['Sequence item without', 'is not YAML: an item of a list begins with "- "'],
  ['Comments must be', 'is not YAML: a space is missing before the #'],
  ['Flow ', 'is not YAML: a bracket is not closed'],
];

/**
 * After these errors the library still reads the rest of the text as it is meant. After any other it may mistake the
 * rest for something else.
 */
const HARMLESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ALIAS_PROPS',
  'BAD_COLLECTION_TYPE',
  'BAD_DQ_ESCAPE',
  'MULTIPLE_ANCHORS',
  'MULTIPLE_TAGS',
  'TAG_RESOLVE_FAILED',
]);

/**
 * Says what keeps a text from being YAML: one mistake is told once, where it was made. Errors behind the first place
 * that makes no sense are mostly its consequences, so they are told only where their line speaks for itself.
 * @param newLexer makes a lexer of the library, which reads the text once more
 */
export function syntaxMistakes(
  document: Document.Parsed,
  text: string,
  newLexer: () => Lexer,
): SyntaxMistake[] {
  const { explicit, version } = document.directives.yaml;
  if (explicit === true && version !== '1.2')
    return [{ message: `asks for YAML ${version}; only 1.2 is read`, at: 0 }];
  const errors = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  const mistakes: SyntaxMistake[] = [];
  let opened: Opened | undefined;
  let lineEnd = -1;
  let isLost = false;
  let hadTag = false;
  for (const error of errors) {
    const [at] = error.pos;
    // One mistake makes several errors on its line.
    if (at <= lineEnd && mistakes.length > 0) continue;
    lineEnd = endOfLine(text, at);
    const evident = evidentMistake(text, at);
    const isHarmless = HARMLESS.has(error.code);
    if (evident === undefined && (isLost || (hadTag && !isHarmless))) continue;
    opened ??= openedIn(text, newLexer());
    const cause = evident === undefined ? causeOf(error, errors, opened, text) : undefined;
    isLost ||= cause !== undefined || !isHarmless;
    hadTag ||= isHarmless && error.code !== 'BAD_DQ_ESCAPE';
    mistakes.push(cause ?? { message: evident ?? meaningOf(error, text), at });
    if (mistakes.length === MISTAKES_MAX) break;
  }
  return mistakes;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** Matches a cron expression or a macro without quotes, and captures its key. */
const UNQUOTED_SCHEDULE =
  /(?:^\s*(?:- +)?|[{,]\s*)(schedule(?=:\s*[*@])|[\w.-]+(?=:\s+(?:\*[\s/,]|@(?:hourly|daily|midnight|weekly|monthly|yearly|annually|every|reboot)\b))):/;

/** Returns the mistake that a line shows by itself, whatever stands before it. */
function evidentMistake(text: string, at: number): string | undefined {
  const from = text.lastIndexOf('\n', at - 1) + 1;
  // The beginning of the line is enough, and the whole line may be as long as the file.
  const line = text.slice(from, Math.min(endOfLine(text, at), from + 200));
  if (/^(<{7}|={7}|>{7})( |\r?$)/.test(line)) return 'a merge conflict was left here';
  const key = UNQUOTED_SCHEDULE.exec(line)?.[1];
  if (key !== undefined) return `a value that starts with * or @ must stand in quotes: ${key}: "..."`;
  return undefined;
}

function meaningOf({ code, message, pos: [at] }: YAMLError, text: string): string {
  if (text.startsWith('${', at - 1) || text.startsWith('${', at))
    return 'a ${...} within braces or brackets must stand in quotes';
  if (code === 'MISSING_CHAR') {
    // The library's message decides and is not shown.
    const known = MISSING.find(([start]) => message.startsWith(start));
    if (known !== undefined) return known[1];
  }
  return MEANINGS[code] ?? MEANINGS.IMPOSSIBLE;
}

/** Finds the quote or bracket that was opened before the error and is the reason for it. */
function causeOf(
  { code, pos: [at] }: YAMLError,
  errors: readonly YAMLError[],
  { quotes, brackets }: Opened,
  text: string,
): SyntaxMistake | undefined {
  const quote = quotes.find(({ from, to }) => from < at && endOfLine(text, to) >= at);
  if (quote !== undefined) {
    const { from, to, isClosed } = quote;
    const lineEnd = endOfLine(text, to);
    // A bad escape in a text of several lines is a mistake of its own, unless there is another error where that text
    // ends.
    const isEndOdd = errors.some(
      ({ pos, ...each }) => !HARMLESS.has(each.code) && pos[0] >= to && pos[0] <= lineEnd,
    );
    if (!HARMLESS.has(code) || isEndOdd) {
      const end = isClosed ? 'closed on another line, where more follows' : 'not closed';
      return { message: `is not YAML: the quote that opens here is ${end}; is one missing?`, at: from };
    }
  }
  const bracket = brackets.findLast(({ from, to }) => from < at && to >= at);
  if (bracket === undefined || HARMLESS.has(code)) return undefined;
  const { from } = bracket;
  return { message: `is not YAML: the ${text[from]} that opens here is not closed`, at: from };
}

/** Quotes and brackets that end where they usually do not, in the order of the text. */
interface Opened {
  /** Quotes over several lines. */
  quotes: { from: number; to: number; isClosed: boolean }[];
  /** Brackets that are not closed; `to` is where the library gives them up. */
  brackets: { from: number; to: number }[];
}

function openedIn(text: string, lexer: Lexer): Opened {
  const opened: Opened = { quotes: [], brackets: [] };
  let open: number[] = [];
  let offset = 0;
  let isPlain = false;
  const giveUp = (): void => {
    for (const from of open) opened.brackets.push({ from, to: offset });
    open = [];
  };
  for (const token of lexer.lex(text)) {
    if (token === PLAIN_NEXT) isPlain = true;
    else if (token === BRACKETS_END) giveUp();
    if (MARKERS.has(token)) continue;
    const to = offset + token.length;
    if (isPlain) isPlain = false;
    else if (token === '{' || token === '[') open.push(offset);
    else if (token === '}' || token === ']') open.pop();
    else if (/^["']/.test(token)) {
      const isClosed = token.length > 1 && token.endsWith(token.charAt(0));
      if (!isClosed || token.includes('\n')) opened.quotes.push({ from: offset, to, isClosed });
    }
    offset = to;
  }
  giveUp();
  return opened;
}

/** Marks that the library's lexer puts between the pieces of the text. */
const PLAIN_NEXT = '\u001F';
const DOCUMENT_NEXT = '\u0002';
const BRACKETS_END = '\u0018';
const MARKERS = new Set([PLAIN_NEXT, DOCUMENT_NEXT, BRACKETS_END]);
