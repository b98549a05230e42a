import { hash } from 'node:crypto';
import type { Declaration } from '../core/model/declaration.ts';
import { type Globals, type Spec, specOf } from '../core/model/spec.ts';

/** So many specs are kept for declarations that are loaded anew each time. Those that stay have one of their own. */
const SPECS_MAX = 10_000;
/** A declaration whose text is longer is found by the hash of it, so that those which are kept take little memory. */
const TEXT_LENGTH_MAX = 300;

/** Holds the spec that was last made of each declaration. It is found by the object, so nothing of it need be read. */
const lastOf = new WeakMap<Declaration, { name: string; globals: Globals; spec: Spec }>();

/** Maps the name and the revision of a declaration to its spec under `globals`. */
const kept = { globals: '', specs: new Map<string, Spec>() };

/** The globals that were asked about last, and their text, because all jobs share them. */
let written: { globals: Globals; text: string } | null = null;

/**
 * Returns the spec of a declaration. Reading one takes longer than most events do, so specs are kept by what they were
 * read from. Which object that stands in does not matter, because a store that is shared loads a new one each time.
 */
export function keptSpecOf(name: string, declaration: Declaration, globals: Globals): Spec {
  const last = lastOf.get(declaration);
  if (last !== undefined && last.globals === globals && last.name === name) return last.spec;
  const spec = specByText(name, declaration, globals);
  lastOf.set(declaration, { name, globals, spec });
  return spec;
}

function specByText(name: string, declaration: Declaration, globals: Globals): Spec {
  if (written?.globals !== globals) written = { globals, text: JSON.stringify(globals) };
  if (written.text !== kept.globals || kept.specs.size >= SPECS_MAX) {
    kept.specs.clear();
    kept.globals = written.text;
  }
  const key = `${revisionOf(JSON.stringify(declaration))} ${name}`;
  const known = kept.specs.get(key);
  if (known !== undefined) return known;
  const spec = specOf(name, declaration, globals);
  kept.specs.set(key, spec);
  return spec;
}

/** Returns what names what a declaration says. To make a hash takes longer than to look a short text up. */
function revisionOf(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : hash('sha256', text, 'base64url');
}
