import { createHash } from 'node:crypto';
import type { Declaration } from '../core/model/declaration.ts';
import { type Globals, type Spec, specOf } from '../core/model/spec.ts';

/** More specs than this are not kept: it is twice the number of jobs that there may be. */
const SPECS_MAX = 200_000;

/** Holds the spec that was last made of a declaration, which is found without a look at what either of them says. */
const lastOf = new WeakMap<Declaration, { name: string; globals: Globals; spec: Spec }>();

/** Holds what was found of an object for as long as it lives, because finding it reads the whole of it. */
const texts = new WeakMap<object, string>();

/** Maps the name and the revision of a declaration to its spec under `globals`. */
const kept = { globals: '', specs: new Map<string, Spec>() };

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
  const under = textOf(globals, (text) => text);
  if (under !== kept.globals || kept.specs.size >= SPECS_MAX) {
    kept.specs.clear();
    kept.globals = under;
  }
  const key = `${textOf(declaration, revisionOf)} ${name}`;
  const known = kept.specs.get(key);
  if (known !== undefined) return known;
  const spec = specOf(name, declaration, globals);
  kept.specs.set(key, spec);
  return spec;
}

/** Returns the revision of a declaration, which names what it says. */
function revisionOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

function textOf(value: object, derive: (text: string) => string): string {
  const known = texts.get(value);
  if (known !== undefined) return known;
  const text = derive(JSON.stringify(value));
  texts.set(value, text);
  return text;
}
