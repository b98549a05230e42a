import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Ajv } from 'ajv';
import type { Fault } from '../core/model/errors.ts';
import type { NamedToken, Scope } from '../core/model/named-token.ts';
import { parseInstant } from '../schedule/instant.ts';
import { DAY_MS } from '../schedule/units.ts';
import { type Finding, findingsOf, toFault } from './faults.ts';
import { readConfigFile, sha256 } from './read.ts';
import type { Schema } from './schema.ts';
import { isUnique } from './schema-keywords.ts';
import type { Env } from './substitute.ts';
import { pointer } from './yaml/tree.ts';
import { parseYaml } from './yaml/yaml.ts';

/** The permission of all users of the machine to write to a file. */
const OTHERS_WRITE = 0o002;
/** The permission of all users of the machine to read a file. */
const OTHERS_READ = 0o004;

/** The tokens of a file, or all that is wrong with it. */
export type TokensRead = (
  | {
      ok: true;
      tokens: readonly NamedToken[];
      /** What is allowed and should be mended all the same, for people. */
      warnings: readonly string[];
    }
  | { ok: false; faults: readonly Fault[] }
) & { fingerprint: string };

/** A token as the file says it. */
interface Written {
  name: string;
  token?: string;
  sha256?: string;
  allows: Scope;
  groups?: string[];
  jobs?: string[];
  expires?: string;
}

/**
 * Reads the file of `CRONFLOW_TOKENS_FILE` and judges it by `schemas/tokens.schema.json`.
 * @param env where `${VAR}` is looked up
 */
export async function readTokensFile(path: string, env: Env): Promise<TokensRead> {
  const read = await readConfigFile(path);
  const { fingerprint } = read;
  if ('fault' in read) return { ok: false, faults: [worded(read.fault)], fingerprint };
  const rights = await rightsOf(path);
  if ((rights & OTHERS_WRITE) !== 0) {
    const message =
      'may be written by every user of this machine, who could then do everything; chmod o-w it';
    const fault: Fault = { code: 'bad_secret_file', path: '', message, file: path };
    return { ok: false, faults: [fault], fingerprint };
  }
  const schema = tokensSchema();
  const parsed = parseYaml(path, read.file.text, env, schema);
  const { tree, faults } = parsed;
  const findings = tree === null ? [] : findingsIn(tree.value, schema, tree.spots);
  const place = (offset: number) => ({ file: path, ...parsed.position(offset) });
  const all = [
    ...faults.map(worded),
    ...findings.map((finding) => toFault(finding, tree?.spots ?? new Map(), place)),
  ];
  if (tree === null || all.length > 0) return { ok: false, faults: all, fingerprint };
  const written = (tree.value as { tokens: Written[] }).tokens;
  const isReadable = (rights & OTHERS_READ) !== 0 && written.some(({ token }) => token !== undefined);
  const warning = `every user of this machine may read the tokens in ${path}; chmod o-r it, or write sha256`;
  return { ok: true, tokens: written.map(tokenOf), warnings: isReadable ? [warning] : [], fingerprint };
}

/** Says of an empty file what belongs into one of tokens. */
function worded(fault: Fault): Fault {
  if (fault.code !== 'file_empty') return fault;
  return { ...fault, message: 'is empty; write at least one token in the list "tokens:"' };
}

async function rightsOf(path: string): Promise<number> {
  // Windows knows no such rights, and Node makes some up.
  if (process.platform === 'win32') return 0;
  try {
    return (await stat(path)).mode;
  } catch {
    // The file went after it was read. The watcher sees that.
    return 0;
  }
}

function findingsIn(value: unknown, schema: Schema, spots: Parameters<typeof findingsOf>[1]): Finding[] {
  const ajv = new Ajv({ strict: true, allErrors: true, verbose: true });
  ajv.addVocabulary(['patternErrorMessage']);
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', schemaType: 'boolean', validate: isUnique });
  const validate = ajv.compile(schema);
  if (!validate(value)) return findingsOf(validate.errors ?? [], spots);
  return meaningless((value as { tokens: Written[] }).tokens);
}

/** Finds what the schema cannot say: keys that do not go together, two tokens that are one, instants that are none. */
function meaningless(tokens: readonly Written[]): Finding[] {
  const findings: Finding[] = [];
  const names = new Map<string, number>();
  const hashes = new Map<string, number>();
  for (const [index, token] of tokens.entries()) {
    const path = pointer('/tokens', index);
    const add = (key: string | null, code: Finding['code'], message: string): void => {
      findings.push({ code, path: key === null ? path : pointer(path, key), message });
    };
    if ((token.token === undefined) === (token.sha256 === undefined)) {
      const [code, message] =
        token.token === undefined
          ? (['missing_key', 'lacks "sha256" (or "token", the token itself)'] as const)
          : (['conflict', 'has both "token" and "sha256"; write one of them'] as const);
      add(null, code, message);
      continue;
    }
    const name = firstOf(names, token.name, index);
    if (name !== undefined) add('name', 'duplicate', `is the name of tokens[${name}] already`);
    const hash = firstOf(hashes, hashOf(token), index);
    if (hash !== undefined)
      add(token.token === undefined ? 'sha256' : 'token', 'duplicate', `is that of tokens[${hash}] already`);
    for (const key of ['groups', 'jobs'] as const)
      if (token[key] !== undefined && token.allows !== 'ping')
        add(key, 'conflict', `limits pings only, and the token allows "${token.allows}"; take "${key}" out`);
    if (token.expires !== undefined && expiryOf(token.expires) === undefined) {
      const allowed = 'a day such as 2027-01-31, or an instant with a zone such as 2027-01-31T12:00:00Z';
      add('expires', 'bad_instant', `${JSON.stringify(token.expires)} is not ${allowed}`);
    }
  }
  return findings;
}

/** Returns the index at which a value came first, and notes a new one. */
function firstOf(known: Map<string, number>, value: string, index: number): number | undefined {
  const first = known.get(value);
  if (first === undefined) known.set(value, index);
  return first;
}

function tokenOf(written: Written): NamedToken {
  const { name, allows, groups, jobs, expires } = written;
  return {
    name,
    sha256: hashOf(written),
    allows,
    only: groups === undefined && jobs === undefined ? null : { groups: groups ?? [], jobs: jobs ?? [] },
    expires_at: expires === undefined ? null : (expiryOf(expires) ?? null),
  };
}

function hashOf({ token, sha256: hash }: Written): string {
  return token === undefined ? (hash ?? '').toLowerCase() : sha256(token);
}

/** Returns the instant from which on a token counts no more. A day counts to its end. */
function expiryOf(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return parseInstant(text);
  const begins = parseInstant(`${text}T00:00:00Z`);
  return begins === undefined ? undefined : begins + DAY_MS;
}

let known: Schema | undefined;

function tokensSchema(): Schema {
  const url = new URL('../../schemas/tokens.schema.json', import.meta.url);
  known ??= JSON.parse(readFileSync(url, 'utf8')) as Schema;
  return known;
}
