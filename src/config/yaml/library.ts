import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';
import type { AliasNode, MapNode, Node, ScalarNode, SeqNode } from './node.ts';
import { type SyntaxMistake, syntaxMistakes } from './syntax.ts';

const require = createRequire(import.meta.url);

/** The nodes of a text as the library reads them, or its mistakes. */
export interface LibraryResult {
  /** Null where the text is empty, and where there are mistakes. */
  root: Node | null;
  mistakes: readonly SyntaxMistake[];
}

/**
 * Reads any YAML 1.2 (core schema), and finds the mistakes that keep a text from being YAML. The library is loaded
 * when it is first needed, because loading it takes a good part of the start of a command.
 */
export function libraryNodes(text: string): LibraryResult {
  const yaml = require('yaml') as typeof Yaml;
  let document: Yaml.Document.Parsed;
  let root: Node | null;
  try {
    // The caller finds duplicate keys, because the library compares every key with every other.
    document = yaml.parseDocument(text, {
      version: '1.2',
      schema: 'core',
      uniqueKeys: false,
      resolveKnownTags: false,
      prettyErrors: false,
      logLevel: 'error',
    });
    root = document.contents === null ? null : new Conversion(yaml).nodeOf(document.contents);
  } catch {
    // The library recurses. Input made to exhaust its stack is the only known way to get here.
    return { root: null, mistakes: [{ message: 'is nested too deeply', at: 0 }] };
  }
  const mistakes = syntaxMistakes(document, text, () => new yaml.Lexer());
  return { root: mistakes.length > 0 ? null : root, mistakes };
}

/**
 * Turns nodes of the library into ours. They are visited in the order of the text, so that an alias finds the node
 * that carried its name last.
 */
class Conversion {
  readonly #yaml: typeof Yaml;
  readonly #named = new Map<string, Node>();

  constructor(yaml: typeof Yaml) {
    this.#yaml = yaml;
  }

  nodeOf(node: Yaml.Node): Node {
    const at = node.range?.[0] ?? 0;
    const placed = { at, ...(node.tag === undefined ? {} : { tag: node.tag }) };
    if (this.#yaml.isAlias(node)) {
      const target = this.#named.get(node.source);
      const alias: AliasNode = { kind: 'alias', ...placed, name: node.source };
      return target === undefined ? alias : { ...alias, target };
    }
    if (this.#yaml.isMap<Yaml.Node | null, Yaml.Node | null>(node)) {
      const pairs: { key: Node | null; value: Node | null }[] = [];
      const map: MapNode = { kind: 'map', ...placed, pairs };
      this.#name(node, map);
      for (const { key, value } of node.items) {
        pairs.push({ key: this.#nodeOrNull(key), value: this.#nodeOrNull(value) });
      }
      return map;
    }
    if (this.#yaml.isSeq<Yaml.Node | null>(node)) {
      const items: (Node | null)[] = [];
      const seq: SeqNode = { kind: 'seq', ...placed, items };
      this.#name(node, seq);
      for (const item of node.items) items.push(this.#nodeOrNull(item));
      return seq;
    }
    const { value, source, type } = node as Yaml.Scalar;
    const scalar: ScalarNode = { kind: 'scalar', ...placed, value, isPlain: type === 'PLAIN' };
    if (typeof value !== 'string' && source !== undefined) scalar.source = source;
    this.#name(node, scalar);
    return scalar;
  }

  #nodeOrNull(node: Yaml.Node | null): Node | null {
    return node === null ? null : this.nodeOf(node);
  }

  /**
   * Records a node by its anchor before its content is read, because an alias may stand for a node that it is part
   * of.
   */
  #name(node: Yaml.Node, made: Node): void {
    if ('anchor' in node && node.anchor !== undefined) this.#named.set(node.anchor, made);
  }
}
