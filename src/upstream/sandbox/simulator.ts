// The simulator: request → steps. Which wire a call speaks is told by the end of its path, so any base URL will do.
// It plays models from a script table and remembers what it was asked; it never touches a network.
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import type { Clock } from '../../lib/clock.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Ask } from './ask.ts';
import { BadAsk } from './ask.ts';
import type { Journal } from './journal.ts';
import { createJournal } from './journal.ts';
import type { JsonObject } from './json.ts';
import { asObject, asText } from './json.ts';
import type { Route } from './routes.ts';
import { matchRoute } from './routes.ts';
import { composeSay, countTokens } from './say.ts';
import type { ProblemKind, Script } from './script.ts';
import { resolveScript, scripts } from './script.ts';
import type { Step } from './steps.ts';
import { composeSteps, wholeSteps } from './steps.ts';
import type { Problem, Wire } from './wires/wire.ts';
import { problemTable } from './wires/wire.ts';

export interface SandboxOptions {
  /** Goes into every id, so that two simulators can be told apart. Default 0. */
  readonly seed?: number;
  /** Whether fault scripts play. Default false; `faults: true` of the provider or `--faults` says so. */
  readonly faults?: boolean;
  /** More models, by name. */
  readonly scripts?: Readonly<Record<string, Script>>;
  /** Model that answers for names that no script has; without it they are a 404. */
  readonly fallback?: string;
  readonly clock?: Clock;
  /** Requests that the journal keeps. Default 256. */
  readonly journalSize?: number;
}

export interface SandboxRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Sandbox {
  answer(request: SandboxRequest): readonly Step[];
  readonly journal: Journal;
}

/** The header by which every answer says that no model made it. */
export const sandboxHeader = 'x-omniroute-sandbox';

const maxBody = 64 * 1024 * 1024;
const maxJournalText = 1024 * 1024;

export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const clock = options.clock ?? systemClock;
  const own = new Map(Object.entries(options.scripts ?? {}));
  const journal = createJournal(options.journalSize ?? 256);
  const seed = options.seed ?? 0;
  const faults = options.faults ?? false;
  const failures = new Map<string, number>();

  return {
    journal,
    answer: (request) => {
      const id = createHash('sha256')
        .update(`${seed}\n${request.method} ${request.path}\n`)
        .update(request.body)
        .digest('hex')
        .slice(0, 24);
      const route = matchRoute(request.method, request.path, request.headers);
      const body = readBody(request);
      const steps = respond(route, body, request, id).map(mark);
      const head = steps.find((step) => step.kind === 'head');
      const model = route.kind === 'unknown' ? undefined : (route.model ?? asText(asObject(body)?.['model']));
      journal.add({
        at: clock.now(),
        method: request.method,
        path: request.path,
        headers: request.headers,
        body: typeof body === 'string' ? body.slice(0, maxJournalText) : body,
        bodyBytes: request.body.length,
        ...(model === undefined ? {} : { model }),
        ...(head === undefined ? {} : { status: head.status }),
      });
      return steps;
    },
  };

  function respond(route: Route, body: unknown, request: SandboxRequest, id: string): readonly Step[] {
    const refuse = (kind: ProblemKind, message: string, param?: string): readonly Step[] =>
      refuseWith(route.wire, {
        kind,
        message,
        id,
        now: clock.now(),
        ...(param === undefined ? {} : { param }),
      });
    if (route.kind === 'unknown')
      return refuse('not-found', `The sandbox has no ${request.method} ${request.path}.`);
    if (route.kind === 'upgrade') return wholeSteps(426, { 'content-type': 'text/plain' }, 'Use POST.');
    if (route.kind === 'fixed') return json(route.answer(modelNames()));
    const object = asObject(body);
    if (!object) return refuse('bad-request', 'The body is not a JSON object.');
    try {
      if (route.kind === 'direct') return json(route.answer(object));
      const ask = route.read(object);
      if (route.kind === 'count') return json(route.answer(countTokens(ask.promptBytes)));
      return play(route.wire, ask, id, refuse);
    } catch (error) {
      if (error instanceof BadAsk) return refuse('bad-request', error.message, error.param);
      throw error;
    }
  }

  function play(
    wire: Wire,
    ask: Ask,
    id: string,
    refuse: (kind: ProblemKind, message: string, param?: string) => readonly Step[],
  ): readonly Step[] {
    const found = resolveScript(ask.model, own);
    const chosen =
      'unknown' in found && options.fallback !== undefined ? resolveScript(options.fallback, own) : found;
    if ('unknown' in chosen)
      return refuse('not-found', `The sandbox has no model "${chosen.unknown}".`, 'model');
    const { script } = chosen;
    if (script.fault && !faults) {
      return refuse(
        'bad-request',
        `"${ask.model}" plays a fault: the provider's config must say faults: true.`,
        'model',
      );
    }
    const problem = (kind: ProblemKind): Problem => ({
      kind,
      message: problemTable[kind].message,
      id,
      now: clock.now(),
    });
    if (script.fault?.kind === 'problem' && isDue(ask.model, script.fault.first)) {
      const { problem: kind, kind: _, ...details } = script.fault;
      const steps = refuseWith(wire, { ...problem(kind), ...details });
      return script.latency ? [{ kind: 'wait', milliseconds: script.latency }, ...steps] : steps;
    }
    const say = composeSay(ask, script, id);
    const failed = problem(script.fault?.kind === 'error-frame' ? script.fault.problem : 'server');
    const headers = wire.headers(id);
    if (!ask.stream) {
      const body = wire.unary(say, ask);
      return composeSteps(
        { headers, contentType: 'application/json', body, error: wire.error(failed).body },
        script,
      );
    }
    const body = wire.stream(say, ask);
    const early = script.fault?.kind === 'error-frame' && script.fault.at === 0 && body[0]?.phase !== 'open';
    return composeSteps(
      { headers, contentType: wire.streamType, body, error: wire.errorFrame(failed, early) },
      script,
    );
  }

  /** Counts the calls of a script that fails only at first: the one thing that the simulator remembers. */
  function isDue(model: string, first: number | undefined): boolean {
    if (first === undefined) return true;
    const name = model.split('+')[0] ?? model;
    const failed = failures.get(name) ?? 0;
    failures.set(name, failed + 1);
    return failed < first;
  }

  /** Fault scripts are listed only where they may play. */
  function modelNames(): readonly string[] {
    const table: Readonly<Record<string, { readonly script: Script }>> = scripts;
    const names = Object.keys(table).filter((name) => faults || !table[name]?.script.fault);
    return [...names, ...own.keys()];
  }
}

/** Marks the head of every answer. */
function mark(step: Step): Step {
  return step.kind === 'head' ? { ...step, headers: { ...step.headers, [sandboxHeader]: 'true' } } : step;
}

function json(answer: JsonObject): readonly Step[] {
  return wholeSteps(200, { 'content-type': 'application/json' }, JSON.stringify(answer));
}

function refuseWith(wire: Wire, problem: Problem): readonly Step[] {
  const error = wire.error(problem);
  return wholeSteps(error.status, { 'content-type': 'application/json', ...error.headers }, error.body);
}

/** The body decompressed and parsed; its text when it is no JSON. */
function readBody(request: SandboxRequest): unknown {
  if (request.body.length === 0) return undefined;
  let text: string;
  try {
    text = decompress(request.body, request.headers['content-encoding']).toString('utf8');
  } catch {
    return '[undecodable]';
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function decompress(body: Uint8Array, encoding: string | undefined): Buffer {
  const limit = { maxOutputLength: maxBody };
  switch (encoding?.trim().toLowerCase()) {
    case 'gzip':
      return gunzipSync(body, limit);
    case 'deflate':
      return inflateSync(body, limit);
    case 'br':
      return brotliDecompressSync(body, limit);
    case 'zstd':
      return zstdDecompressSync(body, limit);
    default:
      return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
}
