import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node.js';

/** What an editor would underline; lines and characters count from 0. */
export interface Diagnostic {
  message: string;
  severity?: number;
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
}

export interface Position {
  line: number;
  character: number;
}

/** The server that editors run, as a process of its own, spoken to over its standard streams. */
export class LanguageServer {
  readonly #process: ChildProcess;
  readonly #connection: MessageConnection;
  /** By the address of the document. */
  readonly #waiting = new Map<string, (diagnostics: Diagnostic[]) => void>();

  private constructor(child: ChildProcess, settings: object) {
    this.#process = child;
    this.#connection = createMessageConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    );
    this.#connection.onRequest('workspace/configuration', ({ items }: { items: { section?: string }[] }) =>
      items.map(({ section }) => (section === 'yaml' ? settings : {})),
    );
    this.#connection.onRequest('client/registerCapability', () => null);
    this.#connection.onNotification(
      'textDocument/publishDiagnostics',
      ({ uri, diagnostics }: { uri: string; diagnostics: Diagnostic[] }) => {
        this.#waiting.get(uri)?.(diagnostics);
        this.#waiting.delete(uri);
      },
    );
    this.#connection.listen();
  }

  /**
   * @param directory the workspace
   * @param settings the `yaml` section of an editor's settings
   */
  static async start(directory: string, settings: object = {}): Promise<LanguageServer> {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve('yaml-language-server/package.json');
    const program = join(dirname(manifest), 'bin', 'yaml-language-server');
    const child = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    // Nothing is fetched from anywhere: the schema is the one that the repository ships.
    const server = new LanguageServer(child, {
      validate: true,
      hover: true,
      completion: true,
      schemaStore: { enable: false },
      ...settings,
    });
    await server.#connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(directory).href,
      workspaceFolders: [{ uri: pathToFileURL(directory).href, name: 'cronflow' }],
      capabilities: { workspace: { configuration: true, workspaceFolders: true } },
    });
    await server.#connection.sendNotification('initialized', {});
    return server;
  }

  /** Opens a text as the file at `path`, which need not exist; resolves with what is wrong with it. */
  open(path: string, text: string): Promise<Diagnostic[]> {
    const uri = pathToFileURL(path).href;
    const diagnostics = new Promise<Diagnostic[]>((resolve) => this.#waiting.set(uri, resolve));
    void this.#connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'yaml', version: 1, text },
    });
    return diagnostics;
  }

  /** What is shown where the pointer rests, as markdown. */
  async hover(path: string, position: Position): Promise<string> {
    const hover = await this.#ask<{ contents: { value: string } } | null>(
      'textDocument/hover',
      path,
      position,
    );
    return hover?.contents.value ?? '';
  }

  /** The words that are offered. */
  async complete(path: string, position: Position): Promise<string[]> {
    const list = await this.#ask<{ items: { label: string }[] } | null>(
      'textDocument/completion',
      path,
      position,
    );
    return (list?.items ?? []).map((item) => item.label);
  }

  stop(): void {
    this.#connection.dispose();
    this.#process.kill();
  }

  #ask<T>(method: string, path: string, position: Position): Promise<T> {
    return this.#connection.sendRequest(method, {
      textDocument: { uri: pathToFileURL(path).href },
      position,
    });
  }
}
