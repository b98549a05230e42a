import { formatFaults } from '../config/format.ts';
import { readTokensFile, type TokensRead } from '../config/tokens-file.ts';
import { type ConfigWatcher, watchConfig } from '../config/watch.ts';
import type { Clock } from '../clock.ts';
import { CronflowError, errorText } from '../core/model/errors.ts';
import type { NamedToken } from '../core/model/named-token.ts';
import type { Logger } from '../observe/log.ts';

const TOKENS_FILE_VARIABLE = 'CRONFLOW_TOKENS_FILE';

interface NamedTokensOptions {
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  logger: Logger;
}

/**
 * The tokens of `CRONFLOW_TOKENS_FILE`, which is watched as the configuration is (docs/design.md §8). A file that is not
 * valid changes nothing: whoever had access keeps it, and the log and the notices say so.
 */
export class NamedTokens {
  readonly #options: NamedTokensOptions;
  readonly #path: string;
  #tokens: readonly NamedToken[] | null = null;
  #warnings: readonly string[] = [];
  #problem: string | null = null;
  #fingerprint: string | null = null;
  #watcher: ConfigWatcher | null = null;
  #queue: Promise<void> = Promise.resolve();

  constructor(options: NamedTokensOptions) {
    this.#options = options;
    this.#path = options.env[TOKENS_FILE_VARIABLE]?.trim() ?? '';
  }

  /** The tokens as of now; null where the variable names no file. */
  get current(): readonly NamedToken[] | null {
    return this.#tokens;
  }

  /** Warnings for people. */
  get notices(): readonly string[] {
    const stale = `the file of tokens ${this.#path} is not valid, so the tokens from before still count; the log says more`;
    return this.#problem === null ? this.#warnings : [stale, ...this.#warnings];
  }

  /**
   * Reads the file and begins to watch it.
   * @throws CronflowError `usage` with every fault of the file
   */
  async start(): Promise<void> {
    if (this.#path === '') return;
    const read = await readTokensFile(this.#path, this.#options.env);
    this.#fingerprint = read.fingerprint;
    if (!read.ok) throw new CronflowError('usage', `${TOKENS_FILE_VARIABLE}:\n${textOf(read)}`);
    this.#take(read);
    const { clock, logger } = this.#options;
    this.#watcher = watchConfig({
      path: this.#path,
      clock,
      logger,
      seen: this.#fingerprint,
      onChange: () => this.reload(),
    });
  }

  /** Reads the file again; the log tells the result. */
  reload(): void {
    if (this.#path === '') return;
    this.#queue = this.#queue
      .then(() => this.#reload())
      .catch((error: unknown) =>
        this.#options.logger.error('cannot read the file of tokens', { error: errorText(error) }),
      );
  }

  async close(): Promise<void> {
    await this.#watcher?.close();
    await this.#queue;
  }

  async #reload(): Promise<void> {
    const { env, logger } = this.#options;
    const read = await readTokensFile(this.#path, env);
    if (read.fingerprint === this.#fingerprint && this.#problem === null && read.ok) {
      // A change of its rights alone is one as well.
      this.#take(read);
      return;
    }
    this.#fingerprint = read.fingerprint;
    if (read.ok) {
      const before = this.#tokens ?? [];
      this.#problem = null;
      this.#take(read);
      logger.info('tokens read again', { file: this.#path, ...differenceOf(before, read.tokens) });
      return;
    }
    const problem = textOf(read);
    if (problem === this.#problem) return;
    this.#problem = problem;
    logger.error('the file of tokens is not valid; the tokens from before still count', {
      file: this.#path,
      error: problem,
    });
  }

  #take({ tokens, warnings }: Extract<TokensRead, { ok: true }>): void {
    for (const warning of warnings) if (!this.#warnings.includes(warning)) this.#options.logger.warn(warning);
    this.#tokens = tokens;
    this.#warnings = warnings;
  }
}

/** Writes the faults without the lines of the file, because a line may hold a token. */
function textOf({ faults }: Extract<TokensRead, { ok: false }>): string {
  return formatFaults(faults, []);
}

/** Names the tokens that are new, gone, or not what they were. */
function differenceOf(
  before: readonly NamedToken[],
  after: readonly NamedToken[],
): Record<'added' | 'removed' | 'changed', string | undefined> {
  const [old, now] = [before, after].map(
    (tokens) => new Map(tokens.map((token) => [token.name, JSON.stringify(token)])),
  ) as [Map<string, string>, Map<string, string>];
  return {
    added: named([...now.keys()].filter((name) => !old.has(name))),
    removed: named([...old.keys()].filter((name) => !now.has(name))),
    changed: named(
      [...now].filter(([name, text]) => old.has(name) && old.get(name) !== text).map(([name]) => name),
    ),
  };
}

function named(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names.join(',');
}
