// A client of yaml-language-server over stdio: opens files, collects what the server publishes, asks for completion.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface LanguageDiagnostic {
  readonly message: string;
  readonly severity?: number;
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
}

export interface LanguageServer {
  /** Diagnostics of a file whose text need not be on disk; `path` is absolute. */
  check(path: string, text: string): Promise<readonly LanguageDiagnostic[]>;
  /** Labels that are offered at a zero-based position of a file that was checked before. */
  complete(path: string, line: number, character: number): Promise<readonly string[]>;
  hover(path: string, line: number, character: number): Promise<string>;
  stop(): Promise<void>;
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

const root = join(import.meta.dirname, '../..');
const settings = {
  yaml: {
    validate: true,
    completion: true,
    hover: true,
    schemaStore: { enable: false },
    kubernetesCRDStore: { enable: false },
  },
  http: {},
  editor: { tabSize: 2 },
};

/** Starts the server; nothing is fetched from a network. */
export async function startLanguageServer(): Promise<LanguageServer> {
  const script = join(root, 'node_modules/yaml-language-server/bin/yaml-language-server');
  const child = spawn(process.execPath, [script, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const answers = new Map<number, (message: Message) => void>();
  const published = new Map<string, (diagnostics: readonly LanguageDiagnostic[]) => void>();
  const versions = new Map<string, number>();
  let next = 1;

  readMessages(child.stdout, (message) => {
    if (message.method === undefined) return answers.get(Number(message.id))?.(message);
    if (message.method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = message.params as { uri: string; diagnostics: LanguageDiagnostic[] };
      published.get(uri)?.(diagnostics);
    } else if (message.id !== undefined) send({ id: message.id, result: answerServer(message) });
  });

  function send(message: Message): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  async function ask(method: string, params: unknown): Promise<unknown> {
    const id = next++;
    const { promise, resolve } = Promise.withResolvers<Message>();
    answers.set(id, resolve);
    send({ id, method, params });
    const { result, error } = await promise;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  await ask('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(root).href,
    workspaceFolders: [{ uri: pathToFileURL(root).href, name: 'omniroute' }],
    capabilities: {
      workspace: { configuration: true, workspaceFolders: true },
      textDocument: { completion: { completionItem: { snippetSupport: true } }, publishDiagnostics: {} },
    },
  });
  send({ method: 'initialized', params: {} });
  send({ method: 'workspace/didChangeConfiguration', params: { settings } });

  return {
    check: async (path, text) => {
      const uri = pathToFileURL(path).href;
      const version = (versions.get(uri) ?? 0) + 1;
      versions.set(uri, version);
      const { promise, resolve } = Promise.withResolvers<readonly LanguageDiagnostic[]>();
      published.set(uri, resolve);
      if (version === 1) {
        send({
          method: 'textDocument/didOpen',
          params: { textDocument: { uri, languageId: 'yaml', version, text } },
        });
      } else {
        send({
          method: 'textDocument/didChange',
          params: { textDocument: { uri, version }, contentChanges: [{ text }] },
        });
      }
      return promise;
    },
    complete: async (path, line, character) => {
      const textDocument = { uri: pathToFileURL(path).href };
      const result = await ask('textDocument/completion', { textDocument, position: { line, character } });
      const items = Array.isArray(result) ? result : ((result as { items?: unknown[] } | null)?.items ?? []);
      return (items as { label: string }[]).map(({ label }) => label);
    },
    hover: async (path, line, character) => {
      const textDocument = { uri: pathToFileURL(path).href };
      const result = await ask('textDocument/hover', { textDocument, position: { line, character } });
      return JSON.stringify((result as { contents?: unknown } | null)?.contents ?? '');
    },
    stop: async () => {
      await ask('shutdown', null);
      send({ method: 'exit' });
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** What the server wants to know of an editor: its settings; everything else is acknowledged. */
function answerServer({ method, params }: Message): unknown {
  if (method !== 'workspace/configuration') return null;
  const { items } = params as { items: readonly { section?: string }[] };
  return items.map(({ section }) =>
    section === undefined ? settings : (settings[section as keyof typeof settings] ?? {}),
  );
}

function readMessages(stream: NodeJS.ReadableStream, handle: (message: Message) => void): void {
  let buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const head = buffer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(buffer.toString('latin1', 0, head))?.[1]);
      if (buffer.length < head + 4 + length) return;
      const text = buffer.toString('utf8', head + 4, head + 4 + length);
      buffer = buffer.subarray(head + 4 + length);
      handle(JSON.parse(text) as Message);
    }
  });
}
