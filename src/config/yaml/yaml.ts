import type { Fault, FaultCode } from '../../core/model/errors.ts';
import { libraryNodes, type LibraryResult } from './library.ts';
import { maskUrls } from '../secrets/mask.ts';
import type { AliasNode, MapNode, Node, ScalarNode } from './node.ts';
import { plainNodes } from './plain.ts';
import { schemaAt, type Schema } from '../schema.ts';
import { withoutSecrets } from '../secrets/secrets.ts';
import { standInFor } from '../stand-in.ts';
import { type Env, substitute } from '../substitute.ts';
import { TextLines } from './text-lines.ts';
import { dotted, pointer, type Spot, steps, type Tree } from './tree.ts';

/** No valid file is nested as deep as this. */
const DEPTH_MAX = 32;
/**
 * Values that aliases and merges may add by repeating others; the limit is enough for 10,000 jobs that merge 20 keys.
 */
const REPEATED_MAX = 500_000;
const TAGS = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

/** A parsed file: its tree, its faults, and a way to turn offsets into lines. */
export interface ParsedYaml {
  /** Null when the text is not YAML, or when nothing can be said about its content. */
  tree: Tree | null;
  faults: Fault[];
  /** Returns the line and column of an offset; both are 1-based. */
  position(offset: number): { line: number; column: number };
}

/**
 * Parses YAML 1.2 (core schema) into plain values with their places. Anchors, aliases and `<<` work; duplicate
 * keys, tags, several documents, and whatever would grow without bound are faults. `${}` is resolved in scalar
 * values, whose type then follows what `schema` wants in their place. Top-level `x-` keys are left out.
 * @param file the name for faults
 */
export function parseYaml(file: string, text: string, env: Env, schema: Schema): ParsedYaml {
  const lines = new TextLines(text);
  const bom = text.startsWith('\uFEFF') ? 1 : 0;
  const position = (offset: number): { line: number; column: number } => {
    const { line, column } = lines.position(Math.min(offset, text.length));
    return { line, column: Math.max(1, line === 1 ? column - bom : column) };
  };
  const fault = (code: FaultCode, path: string, message: string, offset: number): Fault => ({
    code,
    path: dotted(path),
    message,
    file,
    ...position(offset),
  });
  const { root, mistakes } = nodesOf(text);
  if (mistakes.length > 0) {
    const faults = mistakes.map(({ message, at }) => fault('yaml_syntax', '', message, at));
    return { tree: null, faults, position };
  }
  if (root === null || (root.kind === 'scalar' && root.value === null)) {
    return {
      tree: null,
      faults: [fault('file_empty', '', 'is empty; write "jobs: {}" for no jobs', 0)],
      position,
    };
  }
  const reader = new Reader(env, schema, position, new Secrets(text));
  const value = reader.read(root, '', 0);
  const faults = reader.problems.map((problem) =>
    fault(problem.code, problem.path, problem.message, problem.at),
  );
  return { tree: reader.gaveUp ? null : { value, spots: reader.spots }, faults, position };
}

/** Reads text that is written plainly in a fast way, and leaves any other to the library. */
function nodesOf(text: string): LibraryResult {
  const root = plainNodes(text);
  return root === null ? libraryNodes(text) : { root, mistakes: [] };
}

interface Mistake {
  code: FaultCode;
  path: string;
  message: string;
  at: number;
}

/** One pair of a mapping, also one that `<<` brought in. */
interface Entry {
  key: string;
  keyAt: number;
  value: Node | null;
}

/**
 * Knows which values are or may be secret. They are looked for only when one is to be shown, because the search is
 * slow.
 */
class Secrets {
  readonly #text: string;
  #hidden: string | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  isAt(offset: number): boolean {
    this.#hidden ??= withoutSecrets(this.#text);
    // An alias begins with a star of its own, and so may a password.
    let at = offset;
    while (this.#text[at] === '*') at += 1;
    return this.#hidden[at] !== this.#text[at];
  }
}

/** Turns nodes into plain values, and notes their places and what is wrong with them. */
class Reader {
  readonly spots = new Map<string, Spot>();
  readonly problems: Mistake[] = [];
  /** Set when input made to exhaust memory or time was given up, so that the value is not complete. */
  gaveUp = false;
  readonly #env: Env;
  readonly #schema: Schema;
  readonly #position: ParsedYaml['position'];
  readonly #secrets: Secrets;
  /** Nodes that are being read because an alias named them. */
  readonly #open = new Set<Node>();
  readonly #seen = new Set<string>();
  #repeatedCount = 0;

  constructor(env: Env, schema: Schema, position: ParsedYaml['position'], secrets: Secrets) {
    this.#secrets = secrets;
    this.#position = position;
    this.#env = env;
    this.#schema = schema;
  }

  read(node: Node | null, path: string, depth: number, key?: { at: number }): unknown {
    if (this.gaveUp) return null;
    const at = node?.at ?? key?.at ?? 0;
    const secrets = this.#secrets;
    this.spots.set(path, key === undefined ? { at, secrets } : { at, keyAt: key.at, secrets });
    if (depth > DEPTH_MAX) return this.#giveUp(path, `is nested more than ${DEPTH_MAX} deep`, at);
    if (this.#open.size > 0) this.#repeatedCount += 1;
    if (this.#repeatedCount > REPEATED_MAX) {
      return this.#giveUp(path, `aliases repeat more than ${REPEATED_MAX} values`, at);
    }
    if (node === null) return null;
    if (node.kind === 'alias')
      return this.#through(node, path, at, (target) => this.read(target, path, depth + 1, key));
    if (node.tag !== undefined && !TAGS.has(node.tag)) {
      return this.#problem('yaml_syntax', path, 'tags such as !name are not understood here', at);
    }
    switch (node.kind) {
      case 'seq':
        return node.items.map((item, i) => this.read(item, pointer(path, i), depth + 1));
      case 'map':
        return this.#map(node, path, depth);
      case 'scalar':
        return this.#scalar(node, path, at);
    }
  }

  #map(node: MapNode, path: string, depth: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const entry of this.#entries(node, path, depth)) {
      if (path === '' && entry.key.startsWith('x-')) continue;
      const at = pointer(path, entry.key);
      const read = this.read(entry.value, at, depth + 1, { at: entry.keyAt });
      if (entry.key !== '__proto__') value[entry.key] = read;
      // An assignment to this key would set the prototype, and nobody would be told that the key is unknown.
      else
        Object.defineProperty(value, entry.key, {
          value: read,
          enumerable: true,
          configurable: true,
          writable: true,
        });
    }
    return value;
  }

  /** Returns the pairs of a mapping: its own, and those of `<<` whose keys it lacks. */
  #entries(node: MapNode, path: string, depth: number): Entry[] {
    const own = new Map<string, Entry>();
    const merges: { value: Node | null; at: number }[] = [];
    for (const pair of node.pairs) {
      const at = pair.key?.at ?? 0;
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
    if (node?.kind === 'alias')
      return this.#through(node, path, at, (target) => this.#merged(target, path, at, depth + 1)) ?? [];
    if (node?.kind === 'map') return this.#entries(node, path, depth);
    if (node?.kind === 'seq') {
      this.#repeatedCount += node.items.length;
      if (this.#repeatedCount > REPEATED_MAX)
        this.#giveUp(path, `aliases repeat more than ${REPEATED_MAX} values`, at);
      if (this.gaveUp) return [];
      return node.items.flatMap((item) => this.#merged(item, path, at, depth + 1));
    }
    this.#problem('yaml_syntax', path, '<< takes a mapping, or a list of mappings', at);
    return [];
  }

  #through<T>(alias: AliasNode, path: string, at: number, read: (target: Node) => T): T | null {
    const { target } = alias;
    if (target === undefined)
      return this.#problem('yaml_syntax', path, `${this.#shown(alias, at)} names no anchor before it`, at);
    if (this.#open.has(target)) return this.#giveUp(path, `${this.#shown(alias, at)} contains itself`, at);
    this.#open.add(target);
    const value = read(target);
    this.#open.delete(target);
    return value;
  }

  /**
   * Returns the name of an alias for a message, unless it may be a password that begins with a star and has no
   * quotes.
   */
  #shown({ name }: AliasNode, at: number): string {
    return this.#secrets.isAt(at) ? 'an alias' : `*${short(name)}`;
  }

  #key(node: Node | null, path: string, at: number): string | null {
    // A key is a name as it is written, so `1e3` and `0x10` are names, too.
    if (node?.kind === 'scalar')
      return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    return this.#problem('yaml_syntax', path, 'a key must be plain text', at);
  }

  #duplicate(path: string, key: string, at: number, otherAt: number): void {
    const { line, column } = this.#position(otherAt);
    const message = `${JSON.stringify(maskUrls(key))} stands here a second time; the first is at ${line}:${column}`;
    this.#problem('duplicate_key', path, message, at);
  }

  #scalar(node: ScalarNode, path: string, at: number): unknown {
    const { value } = node;
    if (typeof value === 'string' && value.includes('\0')) {
      return this.#problem('bad_character', path, 'must not hold the character \\u0000', at);
    }
    if (typeof value !== 'string' || !value.includes('$')) return value;
    const result = substitute(value, this.#env);
    if ('error' in result) {
      // The text behind a broken `${` may be a password that has these characters in it.
      const isHidden = result.code === 'bad_substitution' && this.#secrets.isAt(at);
      const message = isHidden ? 'holds a ${ that is no substitution; write $$ for a $' : result.error;
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
      const byDefault = result.isByDefault === true ? { isByDefault: true } : {};
      this.spots.set(path, { ...spot, raw: value, ...variables, ...byDefault });
    }
    return value.includes('${') ? typed(result.text, schemaAt(this.#schema, steps(path))) : result.text;
  }

  #problem(code: FaultCode, path: string, message: string, at: number): null {
    // A mistake that an alias repeats is one mistake.
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

/** Shortens the name of an anchor, because it may be as long as the file. */
function short(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}...` : name;
}

function isMergeKey(node: Node | null): boolean {
  return node?.kind === 'scalar' && node.value === '<<' && node.isPlain;
}

/** Turns the value of a variable, which is text, into a number or a truth value where the schema wants one. */
function typed(text: string, wanted: Schema | undefined): unknown {
  const types = new Set([wanted?.type ?? []].flat());
  if (types.has('integer') && /^[-+]?\d{1,15}$/.test(text)) return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
