// Each wire in the words of the suites: how its clients ask, what its streams contain, and what it can say. One entry
// per wire; the laws, the fuzzers and the arbitraries read nothing else about it.
import type { FinishReason } from '../../src/ir/events.ts';
import type { Effort, Reasoning } from '../../src/ir/options.ts';
import type { WireName } from './translation.ts';

export interface WireTraits {
  /** The smallest request of a client. */
  readonly minimal: object;
  /** Members that ask for a whole answer, and for a stream that reports all it can. */
  readonly whole: object;
  readonly streamed: object;
  /** Members that bound the answer to so many tokens. */
  limit(tokens: number): object;
  /** A stream that it matches has said how the answer ended. */
  readonly finished: RegExp;
  /** What a client takes for the proper end of a stream. */
  readonly end: RegExp;
  /** Every event of a stream begins with a line that the reader of the stream knows. */
  readonly frames: 'sse' | 'lines';
  readonly means: Means;
}

/** What a wire can say without a loss, as far as the laws draw it. */
export interface Means {
  /** Times to live of cache marks; absent: marks are not drawn. */
  readonly marks?: readonly ('5m' | '30m' | '1h' | '12h')[];
  readonly imageTypes: readonly string[];
  readonly imageUrls: boolean;
  readonly files: boolean;
  /** `parts`: in any order; `picture-first`: pictures, then one text. */
  readonly content: 'parts' | 'picture-first';
  /** A tool's result may hold what a user message may, or one text. */
  readonly results: 'parts' | 'text';
  readonly failedResults: boolean;
  /** How earlier reasoning proves itself. */
  readonly proofs: 'detail' | 'signature' | 'redacted' | 'none';
  readonly freeform: boolean;
  /** The assistant's text may say its phase. */
  readonly phases?: true;
  /** `true`: only the promise has a word. */
  readonly strict: 'both' | 'true' | 'none';
  readonly stop: boolean;
  readonly systemRole: 'system' | 'developer';
  readonly systemParts: number;
  /** How free the model may be held; `auto` is a word of its own. */
  readonly choices: readonly ('none' | 'auto' | 'tool' | 'allowed' | 'required')[];
  /** `false`: only the exception has a word. */
  readonly parallel: 'both' | 'false' | 'none';
  readonly format: { readonly strict?: true; readonly name?: string };
  readonly seed: boolean;
  readonly topK: boolean;
  readonly user: boolean;
  reasoning(effort: Effort): Reasoning;
  /** Thinking excludes sampling and forced calls. */
  readonly thinksAlone: boolean;
  readonly automaticCache: boolean;
  /** Names of extensions beside `vendor_field`. */
  readonly extensions: readonly string[];
  readonly answers: {
    /** Prefix of ids; absent: answers have none. */
    readonly id?: string;
    readonly created: boolean;
    readonly proofs: boolean;
    readonly finishes: readonly FinishReason[];
    /** Counts beside input and output. */
    readonly details: boolean;
    /** Absent: what was written to the cache is one of them. */
    readonly cacheWrites?: false;
  };
}

const messages = [{ role: 'user', content: 'Hello' }];

const chat: WireTraits = {
  minimal: { model: 'any', messages },
  whole: {},
  streamed: { stream: true, stream_options: { include_usage: true } },
  limit: (tokens) => ({ max_tokens: tokens }),
  finished: /"finish_reason":"/,
  end: /\[DONE\]|"finish_reason":"/,
  frames: 'sse',
  means: {
    marks: ['30m', '12h'],
    imageTypes: ['image/png', 'image/jpeg'],
    imageUrls: true,
    files: true,
    content: 'parts',
    results: 'text',
    failedResults: false,
    proofs: 'detail',
    freeform: true,
    strict: 'both',
    stop: true,
    systemRole: 'developer',
    systemParts: 3,
    choices: ['none', 'auto', 'tool', 'allowed'],
    parallel: 'both',
    format: { strict: true, name: 'answer' },
    seed: true,
    topK: false,
    user: true,
    reasoning: (effort) => ({ effort }),
    thinksAlone: false,
    automaticCache: true,
    extensions: [],
    answers: {
      id: 'chatcmpl-',
      created: true,
      proofs: true,
      finishes: ['stop', 'length', 'refusal'],
      details: true,
    },
  },
};

const anthropic: WireTraits = {
  minimal: { model: 'any', max_tokens: 1000, messages },
  whole: {},
  streamed: { stream: true },
  limit: (tokens) => ({ max_tokens: tokens }),
  finished: /"stop_reason":"/,
  end: /message_stop/,
  frames: 'sse',
  means: {
    imageTypes: ['image/png', 'image/jpeg'],
    imageUrls: true,
    files: true,
    content: 'parts',
    results: 'parts',
    failedResults: true,
    proofs: 'signature',
    freeform: false,
    strict: 'both',
    stop: true,
    systemRole: 'system',
    systemParts: 3,
    choices: ['none', 'auto', 'tool', 'required'],
    parallel: 'false',
    format: { strict: true },
    seed: false,
    topK: true,
    user: true,
    reasoning: (effort) => ({ mode: 'adaptive', effort, display: 'summarized' }),
    thinksAlone: true,
    automaticCache: false,
    extensions: [],
    answers: {
      id: 'msg_',
      created: false,
      proofs: true,
      finishes: ['stop', 'length', 'refusal'],
      details: true,
    },
  },
};

const responses: WireTraits = {
  minimal: { model: 'any', input: 'Hello' },
  whole: {},
  streamed: { stream: true },
  limit: (tokens) => ({ max_output_tokens: tokens }),
  finished: /response\.(completed|incomplete)/,
  end: /response\.(completed|incomplete)/,
  frames: 'sse',
  means: {
    marks: ['30m', '12h'],
    imageTypes: ['image/png', 'image/jpeg'],
    imageUrls: true,
    files: true,
    content: 'parts',
    results: 'parts',
    failedResults: false,
    proofs: 'redacted',
    freeform: true,
    phases: true,
    strict: 'true',
    stop: false,
    systemRole: 'developer',
    systemParts: 3,
    choices: ['none', 'auto', 'tool', 'allowed'],
    parallel: 'both',
    format: { strict: true, name: 'answer' },
    seed: false,
    topK: false,
    user: true,
    reasoning: (effort) => ({ effort, display: 'summarized' }),
    thinksAlone: false,
    automaticCache: true,
    extensions: ['truncation'],
    answers: {
      id: 'resp_',
      created: true,
      proofs: true,
      finishes: ['stop', 'length', 'refusal'],
      details: true,
    },
  },
};

const ollama: WireTraits = {
  minimal: { model: 'any', messages },
  whole: { stream: false },
  streamed: { stream: true },
  limit: (tokens) => ({ options: { num_predict: tokens } }),
  finished: /"done":true/,
  end: /"done":true/,
  frames: 'lines',
  means: {
    imageTypes: ['image/png'],
    imageUrls: false,
    files: false,
    content: 'picture-first',
    results: 'text',
    failedResults: false,
    proofs: 'none',
    freeform: false,
    strict: 'none',
    stop: true,
    systemRole: 'system',
    systemParts: 1,
    choices: [],
    parallel: 'none',
    format: {},
    seed: true,
    topK: true,
    user: false,
    reasoning: (effort) => ({ effort }),
    thinksAlone: false,
    automaticCache: true,
    extensions: ['keep_alive', 'options.min_p'],
    answers: { created: true, proofs: false, finishes: ['stop', 'length'], details: false },
  },
};

const gemini: WireTraits = {
  minimal: { model: 'any', contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
  whole: { generationConfig: { thinkingConfig: { includeThoughts: true } } },
  streamed: { stream: true, generationConfig: { thinkingConfig: { includeThoughts: true } } },
  limit: (tokens) => ({ generationConfig: { maxOutputTokens: tokens } }),
  finished: /"finishReason":"/,
  end: /"finishReason":"/,
  frames: 'sse',
  means: {
    imageTypes: ['image/png', 'image/jpeg'],
    imageUrls: false,
    files: false,
    content: 'parts',
    results: 'text',
    failedResults: true,
    proofs: 'signature',
    freeform: false,
    strict: 'none',
    stop: true,
    systemRole: 'system',
    systemParts: 3,
    choices: ['none', 'auto'],
    parallel: 'none',
    format: {},
    seed: true,
    topK: true,
    user: false,
    reasoning: (effort) => ({ mode: 'enabled', effort, display: 'summarized' }),
    thinksAlone: false,
    automaticCache: true,
    extensions: ['safetySettings'],
    answers: {
      id: '',
      created: false,
      proofs: true,
      finishes: ['stop', 'length', 'refusal'],
      details: true,
      cacheWrites: false,
    },
  },
};

export const traits: { readonly [wire in WireName]: WireTraits } = {
  'openai-chat': chat,
  'openai-responses': responses,
  'anthropic-messages': anthropic,
  gemini,
  ollama,
};

/** Matches where a stream of any wire says that it is whole. */
export const anyEnd = new RegExp(
  Object.values(traits)
    .map(({ end }) => end.source)
    .join('|'),
);
