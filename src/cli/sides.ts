// The two sides of a plan: files on disk, a revision in git, or what a running gateway has on its disk. Whichever it is,
// it becomes texts and their meaning.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { FileSet } from '../config/file-set.ts';
import { findMain } from '../config/load.ts';
import type { ConfigFileSystem } from '../config/source.ts';
import { createEvaluate, type Evaluation } from '../control/evaluate.ts';
import { createGitFiles } from '../control/git-files.ts';
import { openGit } from '../control/git.ts';
import { systemClock } from '../lib/clock.ts';
import { findCommandPlace, tokenFileName } from '../server/command-state.ts';
import { CliFailure } from './failure.ts';
import type { Terminal } from './terminal.ts';

export interface Side {
  /** As the person named it, for headings. */
  readonly label: string;
  readonly kind: 'files' | 'revision' | 'server';
  readonly evaluation: Evaluation;
  /** Of a server: file → entity tag of its text. */
  readonly tags?: ReadonlyMap<string, string>;
}

/** Absolute path of the configuration in question; throws when there is none. */
export async function demandMain(config: string | undefined, terminal: Terminal): Promise<string> {
  const { folder, environment } = terminal;
  const main = await findMain({ config, directory: folder, environment });
  if (main === undefined)
    throw new CliFailure('cli/file', `no omniroute.config.yaml in ${folder} or above it`);
  return main;
}

/** `named`: a URL, a path of a main file, or a git revision of `main`. */
export async function readSide(named: string, main: string, terminal: Terminal): Promise<Side> {
  const { environment } = terminal;
  if (/^https?:\/\//.test(named)) return readServer(named, terminal);
  const path = resolve(terminal.folder, named);
  if (existsSync(path)) {
    const evaluate = createEvaluate({ config: path, environment, clock: systemClock });
    return { label: named, kind: 'files', evaluation: await evaluate() };
  }
  const git = await openGit(join(main, '..'));
  const commit = await git?.resolve(named);
  if (!git || commit === undefined)
    throw new CliFailure('cli/file', `"${named}" is no file, no revision in git and no URL`);
  const evaluate = createEvaluate({ config: main, environment, clock: systemClock });
  return {
    label: named,
    kind: 'revision',
    evaluation: await evaluate(undefined, createGitFiles(git, commit)),
  };
}

/** One call of the management API; throws CliFailure when nobody answers or the credential is refused. */
export async function callServer(
  base: string,
  path: string,
  terminal: Terminal,
  init: {
    readonly method?: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const url = `${base.replace(/\/+$/, '')}${path}`;
  if (!URL.canParse(url)) throw new CliFailure('cli/usage', `"${base}" is no URL`);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${await readCredential(terminal)}`, ...init.headers },
      signal: AbortSignal.timeout(60_000),
    });
    text = await response.text();
  } catch (cause) {
    throw new CliFailure('cli/unreachable', `no gateway answers at ${base}`, { cause });
  }
  if (response.status === 401 || response.status === 403)
    throw new CliFailure('cli/failed', `${base} refuses the credential`, {
      suggestion: 'set OMNIROUTE_ADMIN_KEY to an admin key or to the token of its data folder',
    });
  try {
    return { status: response.status, body: JSON.parse(text) as Readonly<Record<string, unknown>> };
  } catch (cause) {
    throw new CliFailure('cli/unreachable', `what answers at ${base} is no OmniRoute`, { cause });
  }
}

/** Message of an error answer. */
export function readMessage(body: Readonly<Record<string, unknown>>): string {
  const error = body['error'] as { readonly message?: unknown } | undefined;
  return typeof error?.message === 'string' ? error.message : JSON.stringify(body).slice(0, 300);
}

/** What a gateway made of a change that it took. */
export function tellWrite(
  { status, body }: { readonly status: number; readonly body: Readonly<Record<string, unknown>> },
  done: string,
  terminal: Terminal,
  json: boolean,
): void {
  if (json) terminal.out(JSON.stringify(body, null, 2));
  else if (status === 202) terminal.out(`proposed as ${String(body['branch'])}; nothing is live yet`);
  else if (body['outcome'] === 'unchanged') terminal.out('the files say so already');
  else terminal.out(`${done}; revision ${String(body['revision'])}`);
}

async function readServer(base: string, terminal: Terminal): Promise<Side> {
  const first = await callServer(base, '/api/config', terminal);
  if (first.status !== 200) throw new CliFailure('cli/failed', readMessage(first.body));
  const listed = first.body['files'] as readonly { readonly name: string; readonly etag: string }[];
  const texts: { name: string; text: string }[] = [];
  for (const { name } of listed) {
    const { body } = await callServer(base, `/api/config?file=${encodeURIComponent(name)}`, terminal);
    texts.push({ name, text: String(body['text']) });
  }
  return {
    label: base,
    kind: 'server',
    evaluation: await evaluateTexts(texts, terminal),
    tags: new Map(listed.map(({ name, etag }) => [name, etag])),
  };
}

/** What texts mean that are on no disk; the main file comes last. */
export function evaluateTexts(files: FileSet, { environment }: Terminal): Promise<Evaluation> {
  const nowhere = '/omniroute';
  const missing = (): Error => Object.assign(new Error('not on disk'), { code: 'ENOENT' });
  const empty: ConfigFileSystem = {
    read: () => Promise.reject(missing()),
    list: () => Promise.reject(missing()),
    resolve: async (path) => path,
  };
  const config = join(nowhere, files.at(-1)?.name ?? 'omniroute.config.yaml');
  const evaluate = createEvaluate({ config, environment, clock: systemClock, files: empty });
  return evaluate(new Map(files.map(({ name, text }) => [join(nowhere, name), text])));
}

// The same machine may read the token; for another one the person names a key.
async function readCredential({ environment, folder }: Terminal): Promise<string> {
  const named = environment['OMNIROUTE_ADMIN_KEY'];
  if (named) return named;
  try {
    const { dataFolder } = await findCommandPlace({ directory: folder, environment });
    return readFileSync(join(dataFolder, tokenFileName), 'utf8').trim();
  } catch {
    return 'none';
  }
}

/** The argument of commands that may call a gateway whose data folder is not where the configuration says. */
export const dataArgument = {
  type: 'string',
  valueHint: 'folder',
  description: 'Data folder of the gateway, instead of storage.dir',
} as const;

/** The terminal of a command with that argument. */
export function nameData(terminal: Terminal, data: string | undefined): Terminal {
  if (data === undefined) return terminal;
  return { ...terminal, environment: { ...terminal.environment, OMNIROUTE_DATA_DIR: data } };
}

/** Name of the main file of a side. */
export function mainName({ files }: Pick<Evaluation, 'files'>): string {
  return basename(files.at(-1)?.name ?? 'omniroute.config.yaml');
}
