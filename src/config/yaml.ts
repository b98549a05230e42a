import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Alias,
  type Document,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Fault } from '../core/errors.ts';
import { maskUrls } from './mask.ts';
import { standInFor } from './no-env.ts';
import { schemaAt, type Schema } from './schema.ts';
import { withoutSecrets } from './secrets.ts';
import { type Env, substitute } from './substitute.ts';
import { syntaxMistakes } from './syntax.ts';
import { dotted, pointer, type Spot, steps, type Tree } from './tree.ts';

/** Deeper than any valid file. */
const DEPTH_MAX = 32;
/** Values that aliases and merges may add by repeating others: enough for 10,000 jobs that merge 20 keys. */
const REPEATED_MAX = 500_000;
const TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

/** A parsed file: its tree, what was wrong, and how offsets become lines. */
export interface ParsedYaml {
  /** Null when the text is not YAML, or nothing can be said about what it holds. */
  tree: Tree | null;
  faults: Fault[];
  /** 1-based. */
  position(offset: number): { line: number; column: number };
}

/**
 * Parses YAML 1.2 (core schema) into plain values with their places. Anchors, aliases and `<<` work; duplicate
 * keys, tags, several documents, and whatever would grow without bound are faults. `${}` is resolved in scalar
 * values, whose type then follows what `schema` wants in their place. Top-level `x-` keys are left out.
 * @param file the name for faults
 */
export function parseYaml(file: string, text: string, env: Env, schema: Schema): ParsedYaml {
  const lineCounter = new LineCounter();
  const bom = text.startsWith('\uFEFF') ? 1 : 0;
  const position = (offset: number): { line: number; column: number } => {
    const { line, col } = lineCounter.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, line === 1 ? col - bom : col) };
  };
  const fault = (code: string, path: string, message: string, offset: number): Fault => ({
    code,
    path: dotted(path),
    message,
    file,
    ...position(offset),
  });
  let document: Document.Parsed;
  try {
    // Duplicates are found below: the library compares every key with every other.
    document = parseDocument(text, {
      version: '1.2',
      schema: 'core',
      uniqueKeys: false,
      resolveKnownTags: false,
      prettyErrors: false,
      logLevel: 'error',
      lineCounter,
    });
  } catch {
    // The library recurses; input made to exhaust its stack is the only known way to get here.
    return { tree: null, faults: [fault('yaml_syntax', '', 'is nested too deeply', 0)], position };
  }
  const syntax = syntaxMistakes(document, text).map(({ message, at }) =>
    fault('yaml_syntax', '', message, at),
  );
  if (syntax.length > 0) return { tree: null, faults: syntax, position };
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) {
    return {
      tree: null,
      faults: [fault('file_empty', '', 'is empty; write "jobs: {}" for no jobs', 0)],
      position,
    };
  }
  const reader = new Reader(aliasTargets(document), env, schema, position, new Secrets(text));
  const value = reader.read(root, '', 0);
  const faults = reader.problems.map((problem) =>
    fault(problem.code, problem.path, problem.message, problem.at),
  );
  return { tree: reader.gaveUp ? null : { value, spots: reader.spots }, faults, position };
}

/** What each alias stands for: the node that carried its name last before it. */
function aliasTargets(document: Document.Parsed): Map<Alias, Node> {
  const named = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        const target = named.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (node.anchor !== undefined) {
        named.set(node.anchor, node);
      }
    },
  });
  return targets;
}

interface Problem {
  code: string;
  path: string;
  message: string;
  at: number;
}

/** One pair of a mapping, with what `<<` brought in. */
interface Entry {
  key: string;
  keyAt: number;
  value: Node | null;
}

/** Which values are or may be secret; looked for only where one of them is to be shown. */
class Secrets {
  readonly #text: string;
  #hidden: string | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  isAt(offset: number): boolean {
    this.#hidden ??= withoutSecrets(this.#text);
    // An alias begins with a star itself, and so may a password.
    let at = offset;
    while (this.#text[at] === '*') at += 1;
    return this.#hidden[at] !== this.#text[at];
  }
}

/** Turns nodes into plain values, noting where they stand and what is wrong with them. */
class Reader {
  readonly spots = new Map<string, Spot>();
  readonly problems: Problem[] = [];
  /** Set when the input made to exhaust memory or time was given up: the value is not whole. */
  gaveUp = false;
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #env: Env;
  readonly #schema: Schema;
  readonly #position: ParsedYaml['position'];
  readonly #secrets: Secrets;
  /** Nodes that are being read because an alias named them. */
  readonly #open = new Set<Node>();
  readonly #seen = new Set<string>();
  #repeatedCount = 0;

  constructor(
    targets: ReadonlyMap<Alias, Node>,
    env: Env,
    schema: Schema,
    position: ParsedYaml['position'],
    secrets: Secrets,
  ) {
    this.#secrets = secrets;
    this.#position = position;
    this.#targets = targets;
    this.#env = env;
    this.#schema = schema;
  }

  read(node: Node | null, path: string, depth: number, key?: { at: number }): unknown {
    if (this.gaveUp) return null;
    const at = node?.range?.[0] ?? key?.at ?? 0;
    this.spots.set(path, { at, secrets: this.#secrets, ...(key === undefined ? {} : { keyAt: key.at }) });
    if (depth > DEPTH_MAX) return this.#giveUp(path, `is nested more than ${DEPTH_MAX} deep`, at);
    if (this.#open.size > 0) this.#repeatedCount += 1;
    if (this.#repeatedCount > REPEATED_MAX) {
      return this.#giveUp(path, `aliases repeat more than ${REPEATED_MAX} values`, at);
    }
    if (node === null) return null;
    if (isAlias(node))
      return this.#through(node, path, at, (target) => this.read(target, path, depth + 1, key));
    if (node.tag !== undefined && !TAGS.has(node.tag)) {
      return this.#problem('yaml_syntax', path, 'tags such as !name are not understood here', at);
    }
    if (isSeq(node))
      return node.items.map((item, i) => this.read(item as Node | null, pointer(path, i), depth + 1));
    if (isMap(node)) return this.#map(node, path, depth);
    return isScalar(node) ? this.#scalar(node, path, at) : null;
  }

  #map(node: YAMLMap, path: string, depth: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const entry of this.#entries(node, path, depth)) {
      if (path === '' && entry.key.startsWith('x-')) continue;
      const at = pointer(path, entry.key);
      const read = this.read(entry.value, at, depth + 1, { at: entry.keyAt });
      // Assigned to, `__proto__` would not become a key, and nobody would be told that it is unknown.
      Object.defineProperty(value, entry.key, {
        value: read,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return value;
  }

  /** The pairs of a mapping: its own first, then those of `<<` that it does not have. */
  #entries(node: YAMLMap, path: string, depth: number): Entry[] {
    const own = new Map<string, Entry>();
    const merges: { value: Node | null; at: number }[] = [];
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const at = pair.key.range?.[0] ?? 0;
      if (isMergeKey(pair.key)) {
        const [first] = merges;
        if (first !== undefined) this.#duplicate(pointer(path, '<<'), '<<', at, first.at);
        merges.push({ value: pair.value, at });
        continue;
      }
      const key = this.#key(pair.key, path, at);
      if (key === null) continue;
      const other = own.get(key);
      if (other === undefined) own.set(key, { key, keyAt: at, value: pair.value });
      else this.#duplicate(pointer(path, key), key, at, other.keyAt);
    }
    for (const { value, at } of merges) {
      for (const entry of this.#merged(value, path, at, depth + 1)) {
        if (!own.has(entry.key)) own.set(entry.key, entry);
      }
    }
    return [...own.values()];
  }

  #merged(node: Node | null, path: string, at: number, depth: number): Entry[] {
    if (depth > DEPTH_MAX) return this.#giveUp(path, `is nested more than ${DEPTH_MAX} deep`, at) ?? [];
    if (isAlias(node))
      return this.#through(node, path, at, (target) => this.#merged(target, path, at, depth + 1)) ?? [];
    if (isMap(node)) return this.#entries(node, path, depth);
    if (isSeq(node)) {
      this.#repeatedCount += node.items.length;
      if (this.#repeatedCount > REPEATED_MAX)
        this.#giveUp(path, `aliases repeat more than ${REPEATED_MAX} values`, at);
      if (this.gaveUp) return [];
      return node.items.flatMap((item) => this.#merged(item as Node | null, path, at, depth + 1));
    }
    this.#problem('yaml_syntax', path, '<< takes a mapping, or a list of mappings', at);
    return [];
  }

  #through<T>(alias: Alias, path: string, at: number, read: (target: Node) => T): T | null {
    const target = this.#targets.get(alias);
    if (target === undefined)
      return this.#problem('yaml_syntax', path, `${this.#shown(alias, at)} names no anchor before it`, at);
    if (this.#open.has(target)) return this.#giveUp(path, `${this.#shown(alias, at)} contains itself`, at);
    this.#open.add(target);
    const value = read(target);
    this.#open.delete(target);
    return value;
  }

  /** A password may begin with a star and no quotes. */
  #shown({ source }: Alias, at: number): string {
    return this.#secrets.isAt(at) ? 'an alias' : `*${short(source)}`;
  }

  #key(node: Node | null, path: string, at: number): string | null {
    // As it is written: `1e3` and `0x10` are names like any other.
    if (isScalar(node))
      return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    return this.#problem('yaml_syntax', path, 'a key must be plain text', at);
  }

  #duplicate(path: string, key: string, at: number, otherAt: number): void {
    const { line, column } = this.#position(otherAt);
    const message = `${JSON.stringify(maskUrls(key))} stands here a second time; the first is at ${line}:${column}`;
    this.#problem('duplicate_key', path, message, at);
  }

  #scalar(node: Scalar, path: string, at: number): unknown {
    const { value } = node;
    if (typeof value === 'string' && value.includes('\0')) {
      return this.#problem('bad_character', path, 'must not hold the character \\u0000', at);
    }
    if (typeof value !== 'string' || !value.includes('$')) return value;
    const result = substitute(value, this.#env);
    if ('error' in result) {
      // What stands behind a broken `${` may be a password that has these characters in it.
      const isHidden = result.code === 'bad_substitution' && this.#secrets.isAt(at);
      const message = isHidden
        ? 'holds a ${ that is no substitution; a $ of its own is written $$'
        : result.error;
      return this.#problem(result.code, path, message, at);
    }
    const spot = this.spots.get(path);
    if ('unknown' in result) {
      const variables = result.unknown;
      if (spot !== undefined) this.spots.set(path, { ...spot, raw: value, variables, isUnknown: true });
      return standInFor(schemaAt(this.#schema, steps(path)));
    }
    if (spot !== undefined) {
      const variables = result.variables.length > 0 ? { variables: result.variables } : {};
      this.spots.set(path, { ...spot, raw: value, ...variables });
    }
    return value.includes('${') ? typed(result.text, schemaAt(this.#schema, steps(path))) : result.text;
  }

  #problem(code: string, path: string, message: string, at: number): null {
    // What an alias repeats is wrong once.
    const id = `${at} ${message}`;
    if (!this.#seen.has(id)) this.problems.push({ code, path, message, at });
    this.#seen.add(id);
    return null;
  }

  #giveUp(path: string, message: string, at: number): null {
    this.gaveUp = true;
    return this.#problem('yaml_limit', path, message, at);
  }
}

/** A name of an anchor may be as long as the file. */
function short(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}...` : name;
}

function isMergeKey(node: Node | null): boolean {
  return isScalar(node) && node.value === '<<' && node.type === 'PLAIN';
}

/** What a variable holds is text; where a number or a truth value is wanted, it is read as one. */
function typed(text: string, wanted: Schema | undefined): unknown {
  const types = new Set([wanted?.type ?? []].flat());
  if (types.has('integer') && /^[-+]?\d{1,15}$/.test(text)) return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
