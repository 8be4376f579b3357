// What a simulated model does, as data, and the names under which the ready-made ones are asked for.
import { parseDuration } from '../../lib/duration.ts';

/** Why the answer ends. */
export type StopReason = 'end' | 'length' | 'stop-sequence' | 'filter' | 'tools';

/** Error answers, by the failure that they play. */
export const problemKinds = [
  'bad-request',
  'context',
  'authentication',
  'billing',
  'permission',
  'not-found',
  'rate-limit',
  'quota',
  'server',
  'unavailable',
  'overloaded',
] as const;

export type ProblemKind = (typeof problemKinds)[number];

/**
 * Where in a stream something breaks: before the status line, after this many tokens (0: after the opening frames), or
 * inside an event. A unary answer breaks after its head at 0, else in its middle.
 */
export type Moment = 'head' | 'mid-event' | number;

export type Fault =
  | {
      readonly kind: 'problem';
      readonly problem: ProblemKind;
      /** Seconds. */
      readonly retryAfter?: number;
      /** Instead of the kind's own status and text. */
      readonly status?: number;
      readonly message?: string;
      /** Only so many calls fail; absent: all. */
      readonly first?: number;
    }
  /** The protocol's own error frame, after status 200. */
  | { readonly kind: 'error-frame'; readonly at: Moment; readonly problem: ProblemKind }
  /** The connection breaks. */
  | { readonly kind: 'cut'; readonly at: Moment }
  /** Nothing more comes, and the connection stays open. */
  | { readonly kind: 'stall'; readonly at: Moment }
  /** A clean end in the middle of the answer. */
  | { readonly kind: 'truncated' }
  /** Broken JSON and bytes that are not UTF-8. */
  | { readonly kind: 'malformed'; readonly at: Moment }
  /** The error page of some proxy, with status 200 or another. */
  | { readonly kind: 'html'; readonly status: number }
  | { readonly kind: 'empty' }
  /** Content-Length promises more than is sent. */
  | { readonly kind: 'wrong-length' }
  /** How often the mark that ends a stream is sent: 0 or 2. */
  | { readonly kind: 'terminator'; readonly times: 0 | 2 }
  | { readonly kind: 'one-byte-chunks' };

export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

export interface Script {
  /** `echo` repeats the last user text, `images` names what was seen, anything else is said as it is. */
  readonly say: { readonly kind: 'echo' | 'images' } | { readonly kind: 'text'; readonly text: string };
  readonly reasoning?: string;
  /** How many calls of a suitable offered tool; after their results it answers `FINAL …`. */
  readonly calls?: 0 | 1 | 2;
  /** Call this tool with these arguments (JSON text), whether it was offered or not. */
  readonly call?: { readonly name: string; readonly input: string };
  /** Milliseconds before the status line. */
  readonly latency?: number;
  /** Tokens per second; absent: as fast as they are taken. */
  readonly rate?: number;
  readonly stop?: StopReason;
  /** Fixed counts instead of measured ones. */
  readonly usage?: Partial<Usage>;
  readonly fault?: Fault;
}

interface NamedScript {
  readonly script: Script;
  /** One sentence for the reference page and `omniroute sandbox --list`. */
  readonly meaning: string;
}

const answer = { kind: 'text', text: 'The sandbox answers with this fixed text.' } as const;
const thought = 'The sandbox pretends to think before it answers.';
/** Enough to be seen even by readers that hold one frame back. */
const fewTokens = 2;
const ramble = {
  kind: 'text',
  text: 'one two three four five six seven eight nine ten '.repeat(8).trim(),
} as const;

/** Every model of the simulator. The names are promised to test suites: append only. */
export const scripts = {
  echo: { meaning: 'Repeats the last user text.', script: { say: { kind: 'echo' } } },
  'script/text': { meaning: 'A fixed text.', script: { say: answer } },
  'script/empty-text': {
    meaning: 'A regular answer without any text.',
    script: { say: { kind: 'text', text: '' } },
  },
  'script/long': { meaning: 'About a hundred tokens of text.', script: { say: ramble } },
  'script/slow': {
    meaning: 'Waits 200 ms, then speaks 20 tokens a second.',
    script: { say: ramble, latency: 200, rate: 20 },
  },
  'script/reasoning': {
    meaning: 'Reasoning with a fake signature, then text.',
    script: { say: answer, reasoning: thought },
  },
  'script/tool': {
    meaning: 'Calls one offered tool, answers FINAL once its result is there.',
    script: { say: { kind: 'text', text: '' }, calls: 1 },
  },
  'script/tools': {
    meaning: 'Calls a tool twice in parallel with streamed arguments, then FINAL.',
    script: { say: { kind: 'text', text: '' }, calls: 2 },
  },
  'script/agent': {
    meaning: 'Reasoning, a sentence, two parallel calls, then FINAL: what coding agents meet.',
    script: { say: { kind: 'text', text: 'I will run the marker.' }, reasoning: thought, calls: 2 },
  },
  'script/image': {
    meaning: 'Names the type and size of every image it received.',
    script: { say: { kind: 'images' } },
  },
  'script/cached': {
    meaning: 'Text with fixed counts: 1000 in (600 read from cache, 100 written), 50 out.',
    script: {
      say: answer,
      usage: { input: 1000, output: 50, cacheRead: 600, cacheWrite: 100, reasoning: 0 },
    },
  },
  'script/length': {
    meaning: 'Stops because the output limit is reached.',
    script: { say: answer, stop: 'length' },
  },
  'script/filter': {
    meaning: 'Stops because a filter or refusal stepped in.',
    script: { say: answer, stop: 'filter' },
  },
  'script/error-400': problem('bad-request', 'A refused parameter.'),
  'script/error-context': problem('context', 'The prompt is longer than the context window.'),
  'script/error-401': problem('authentication', 'A key that the vendor does not know.'),
  'script/error-402': problem('billing', 'No money left.'),
  'script/error-403': problem('permission', 'The key may not do this.'),
  'script/error-404': problem('not-found', 'The vendor does not know the model.'),
  'script/error-429': problem('rate-limit', 'Rate limited, with a hint when to come back.', 2),
  'script/error-quota': problem('quota', 'A quota that a short wait does not bring back.'),
  'script/error-500': problem('server', 'The vendor broke.'),
  'script/error-503': problem('unavailable', 'The vendor is not available.'),
  'script/error-529': problem('overloaded', "The vendor is overloaded (Anthropic's own status)."),
  'script/error-frame-open': fault(
    { kind: 'error-frame', at: 0, problem: 'overloaded' },
    'Status 200, then an error frame before the first token.',
  ),
  'script/error-frame': fault(
    { kind: 'error-frame', at: fewTokens, problem: 'overloaded' },
    'Status 200, some tokens, then an error frame.',
  ),
  'script/cut-head': fault({ kind: 'cut', at: 'head' }, 'The connection breaks before the status line.'),
  'script/cut-open': fault({ kind: 'cut', at: 0 }, 'The connection breaks before the first token.'),
  'script/cut': fault({ kind: 'cut', at: fewTokens }, 'The connection breaks after the first tokens.'),
  'script/cut-mid-event': fault({ kind: 'cut', at: 'mid-event' }, 'The connection breaks inside an event.'),
  'script/stall-head': fault({ kind: 'stall', at: 'head' }, 'No status line ever comes.'),
  'script/stall-open': fault({ kind: 'stall', at: 0 }, 'Nothing comes after the opening frames.'),
  'script/stall': fault({ kind: 'stall', at: fewTokens }, 'Nothing comes after the first tokens.'),
  'script/truncated': fault({ kind: 'truncated' }, 'A clean end in the middle of the answer.'),
  'script/malformed': fault(
    { kind: 'malformed', at: fewTokens },
    'Broken JSON and bytes that are not UTF-8.',
  ),
  'script/html': fault({ kind: 'html', status: 502 }, 'The HTML error page of a proxy, status 502.'),
  'script/html-200': fault({ kind: 'html', status: 200 }, 'An HTML page with status 200.'),
  'script/empty': fault({ kind: 'empty' }, 'Status 200 and no body.'),
  'script/wrong-length': fault({ kind: 'wrong-length' }, 'Content-Length promises more than is sent.'),
  'script/no-terminator': fault({ kind: 'terminator', times: 0 }, 'The mark that ends a stream is missing.'),
  'script/two-terminators': fault(
    { kind: 'terminator', times: 2 },
    'The mark that ends a stream comes twice.',
  ),
  'script/one-byte-chunks': fault({ kind: 'one-byte-chunks' }, 'Every chunk holds one byte.'),
} as const satisfies Record<string, NamedScript>;

/** What a model name leads to. `unknown` also covers a modifier that cannot be read. */
export type ResolvedScript = { readonly script: Script } | { readonly unknown: string };

/**
 * A model name → its script. The name may end in modifiers: `script/text+latency=50ms+rate=200+text=Hello%20you`.
 * Keys: latency (duration), rate (tokens/s), text and reasoning (percent-encoded), stop, calls, input, output, cached,
 * retryAfter (seconds, for error scripts).
 */
export function resolveScript(model: string, own: ReadonlyMap<string, Script> = new Map()): ResolvedScript {
  const [name = '', ...modifiers] = model.split('+');
  const known: Readonly<Record<string, NamedScript>> = scripts;
  let script = own.get(name) ?? (Object.hasOwn(known, name) ? known[name]?.script : undefined);
  if (!script) return { unknown: name };
  for (const modifier of modifiers) {
    const changed = modify(script, modifier);
    if (!changed) return { unknown: `${name}+${modifier}` };
    script = changed;
  }
  return { script };
}

function modify(script: Script, modifier: string): Script | undefined {
  const cut = modifier.indexOf('=');
  const key = modifier.slice(0, Math.max(0, cut));
  const value = modifier.slice(cut + 1);
  const number = Number(value);
  const counts = Number.isInteger(number) && number >= 0 && value !== '';
  const usage = (change: Partial<Usage>): Script => ({ ...script, usage: { ...script.usage, ...change } });
  switch (key) {
    case 'latency': {
      const latency = parseDuration(value);
      return latency === undefined ? undefined : { ...script, latency };
    }
    case 'rate':
      return number > 0 ? { ...script, rate: number } : undefined;
    case 'text':
    case 'reasoning': {
      const text = decodePercent(value);
      if (text === undefined) return undefined;
      return key === 'text' ? { ...script, say: { kind: 'text', text } } : { ...script, reasoning: text };
    }
    case 'stop':
      return value === 'end' || value === 'length' || value === 'filter'
        ? { ...script, stop: value }
        : undefined;
    case 'calls':
      return number === 0 || number === 1 || number === 2 ? { ...script, calls: number } : undefined;
    case 'input':
    case 'output':
      return counts ? usage({ [key]: number }) : undefined;
    case 'cached':
      return counts ? usage({ cacheRead: number }) : undefined;
    case 'retryAfter':
      return counts && script.fault?.kind === 'problem'
        ? { ...script, fault: { ...script.fault, retryAfter: number } }
        : undefined;
    default:
      return undefined;
  }
}

function decodePercent(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function problem(kind: ProblemKind, meaning: string, retryAfter?: number): NamedScript {
  const fault: Fault = {
    kind: 'problem',
    problem: kind,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
  return { meaning, script: { say: answer, fault } };
}

function fault(fault: Fault, meaning: string): NamedScript {
  return { meaning, script: { say: answer, fault } };
}
