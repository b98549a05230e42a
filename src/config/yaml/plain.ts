import type { MapNode, Node, PairNode, ScalarNode, SeqNode } from './node.ts';

/** Deeper nesting is left to the library. */
const DEPTH_MAX = 32;
/**
 * Matches characters that end lines, indent or are invisible. Texts that hold one are left to the library, because it
 * knows what each of them means.
 */
const UNUSUAL = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\uFEFF]/u;

/** Matches a line that is empty or holds a comment alone. */
const IDLE_LINE = / *(?:#[^\n]*)?\n/y;
/** Matches the end of a line, with its comment. */
const LINE_END = /(?: +#[^\n]*| *)\n/y;
const SPACES = / */y;
const KEY = /(?:[A-Za-z0-9_][\w.-]{0,200}|"[^"\\\n]{0,200}"|'[^'\n]{0,200}'):(?=[ \n])/y;
/** Within braces, a key in quotes needs no space behind its colon. */
const KEY_WITHIN = /(?:[A-Za-z0-9_][\w.-]{0,200}:(?= )|"[^"\\\n]{0,200}":|'[^'\n]{0,200}':)/y;
const QUOTED = /"[^"\\\n]*"|'[^'\n]*'/y;
const PLAIN = /[\w./$+\u00C0-\uD7FF](?:[^\n:#]|:(?=[^ \n])|(?<=[^ ])#)*/y;
const PLAIN_WITHIN = /[\w./$+\u00C0-\uD7FF](?:[^\n:#,[\]{}"']|:(?=[\w./-]))*/y;

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);
const INTEGER = /^(?:0|[1-9]\d{0,14})$/;
/** Matches other texts that may be numbers to the library. */
const NUMERIC = /^[\d+.][\w+.-]*$/;

/** Thrown at text that this reader leaves to the library. */
class NotPlain extends Error {}

/**
 * Reads YAML that is written plainly, some ten times as fast as the library: mappings, lists, texts and numbers, each
 * on its line or in brackets of one line, and comments. Its result is that of the library, or null.
 * @returns null for any other text, be it right or wrong
 */
export function plainNodes(text: string): Node | null {
  if (UNUSUAL.test(text)) return null;
  try {
    return new PlainReader(text).root();
  } catch (error) {
    if (error instanceof NotPlain) return null;
    throw error;
  }
}

class PlainReader {
  readonly #text: string;
  #at = 0;
  #lineAt = 0;
  /** The indentation of the line that is read next; -1 at the end. */
  #indent: number = 0;

  constructor(text: string) {
    this.#text = text.endsWith('\n') ? text : `${text}\n`;
  }

  root(): Node {
    this.#nextLine();
    const isInBraces = this.#text[this.#at] === '{';
    const root = isInBraces ? this.#onLine(0) : this.#map(0);
    // No level takes a line that is indented too far, so such a line is left over here.
    if (this.#at < this.#text.length) throw new NotPlain();
    return root;
  }

  /** Goes to the first character of the next line that is not empty and no comment. */
  #nextLine(): void {
    while (this.#at < this.#text.length && this.#skip(IDLE_LINE));
    this.#lineAt = this.#at;
    if (this.#at === this.#text.length) {
      this.#indent = -1;
      return;
    }
    this.#skip(SPACES);
    this.#indent = this.#at - this.#lineAt;
  }

  #map(depth: number): MapNode {
    const { at, indent } = this.#open(depth);
    const pairs: PairNode[] = [];
    do {
      const key = this.#key(KEY);
      pairs.push({ key, value: this.#valueOf(indent, depth) });
    } while (this.#indent === indent);
    return { kind: 'map', at, pairs };
  }

  #valueOf(indent: number, depth: number): Node {
    if (!this.#skip(LINE_END)) return this.#onLine(depth);
    this.#nextLine();
    const isSeq = this.#isAtItem();
    // A list may stand as far to the left as its key.
    if (this.#indent < indent || (this.#indent === indent && !isSeq)) throw new NotPlain();
    return isSeq ? this.#seq(depth + 1) : this.#map(depth + 1);
  }

  #isAtItem(): boolean {
    return this.#text.startsWith('- ', this.#at);
  }

  #seq(depth: number): SeqNode {
    const { at, indent } = this.#open(depth);
    const items: Node[] = [];
    do {
      this.#at += 1;
      this.#skip(SPACES);
      items.push(this.#item(depth));
    } while (this.#indent === indent && this.#isAtItem());
    return { kind: 'seq', at, items };
  }

  #item(depth: number): Node {
    KEY.lastIndex = this.#at;
    if (!KEY.test(this.#text)) return this.#onLine(depth);
    this.#indent = this.#at - this.#lineAt;
    return this.#map(depth + 1);
  }

  #open(depth: number): { at: number; indent: number } {
    if (depth > DEPTH_MAX) throw new NotPlain();
    return { at: this.#at, indent: this.#indent };
  }

  /** Reads a value that ends with its line. */
  #onLine(depth: number): Node {
    this.#skip(SPACES);
    const node = this.#inline(PLAIN, depth);
    if (!this.#skip(LINE_END)) throw new NotPlain();
    this.#nextLine();
    return node;
  }

  #inline(plain: RegExp, depth: number): Node {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#mapWithin(depth + 1);
      case '[':
        return this.#seqWithin(depth + 1);
      case '"':
      case "'":
        return this.#quoted();
      default:
        return this.#plain(plain);
    }
  }

  #mapWithin(depth: number): MapNode {
    const { at } = this.#open(depth);
    const pairs: PairNode[] = [];
    this.#within('}', () => {
      const key = this.#key(KEY_WITHIN);
      this.#skip(SPACES);
      pairs.push({ key, value: this.#inline(PLAIN_WITHIN, depth) });
    });
    return { kind: 'map', at, pairs };
  }

  #seqWithin(depth: number): SeqNode {
    const { at } = this.#open(depth);
    const items: Node[] = [];
    this.#within(']', () => items.push(this.#inline(PLAIN_WITHIN, depth)));
    return { kind: 'seq', at, items };
  }

  /** Reads the items between brackets, which are separated by commas with none at the end. */
  #within(end: string, readOne: () => void): void {
    this.#at += 1;
    this.#skip(SPACES);
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      readOne();
      this.#skip(SPACES);
      const mark = this.#text[this.#at];
      this.#at += 1;
      if (mark === end) return;
      if (mark !== ',') throw new NotPlain();
      this.#skip(SPACES);
    }
  }

  #key(pattern: RegExp): ScalarNode {
    const at = this.#at;
    if (!this.#skip(pattern)) throw new NotPlain();
    // The colon is no part of the key.
    return this.#scalarIn(at, this.#at - 1);
  }

  #quoted(): ScalarNode {
    const at = this.#at;
    if (!this.#skip(QUOTED)) throw new NotPlain();
    return this.#scalarIn(at, this.#at);
  }

  #plain(pattern: RegExp): ScalarNode {
    const at = this.#at;
    if (!this.#skip(pattern)) throw new NotPlain();
    // Blanks at the end are no part of the value.
    while (this.#text[this.#at - 1] === ' ') this.#at -= 1;
    return this.#scalarIn(at, this.#at);
  }

  #scalarIn(at: number, end: number): ScalarNode {
    const first = this.#text[at];
    if (first !== '"' && first !== "'") return scalarOf(this.#text.slice(at, end), at);
    return { kind: 'scalar', at, value: this.#text.slice(at + 1, end - 1), isPlain: false };
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }
}

/** Turns a text without quotes into the value that it stands for. */
function scalarOf(source: string, at: number): ScalarNode {
  if (INTEGER.test(source)) return { kind: 'scalar', at, value: Number(source), source, isPlain: true };
  if (WORDS.has(source)) return { kind: 'scalar', at, value: WORDS.get(source), source, isPlain: true };
  // The library reads numbers in other notations, such as `010` and `1e3`. A duration such as `10m` is a text.
  if (NUMERIC.test(source) && (/^[+.]/.test(source) || !Number.isNaN(Number(source)))) throw new NotPlain();
  return { kind: 'scalar', at, value: source, isPlain: true };
}
