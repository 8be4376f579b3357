// A chat request as bytes: what the gateway must know is read in one scan, what it must change is spliced.
// The rest of the body is the upstream's business and passes untouched.
import { GatewayError } from '../../errors.ts';
import {
  JsonFault,
  isTrueAt,
  numberAt,
  prepareKeys,
  scanObject,
  stringAt,
  typeAt,
  type JsonSpans,
} from '../../lib/json-scan.ts';
import type { Peek, RequestPeek, Span, SpliceEdits } from '../protocol.ts';
import { createStreamPipe, createUnaryPipe } from './watch.ts';

const keys = prepareKeys([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
]);
const optionKeys = prepareKeys(['include_usage']);

type Spans = JsonSpans<(typeof keys.names)[number]>;

export const peek = {
  request: peekRequest,
  splice,
  path: () => '/chat/completions',
  streamPipe: ({ withholdUsage }) => createStreamPipe(withholdUsage),
  unaryPipe: createUnaryPipe,
} satisfies Peek;

function peekRequest(body: Uint8Array, { maxDepth }: { readonly maxDepth: number }): RequestPeek {
  const spans = scan(body, maxDepth);
  const modelSpan = demand(body, spans, 'model', 'string');
  demand(body, spans, 'messages', 'array');
  const model = stringAt(body, modelSpan);
  if (model === '') throw new GatewayError('invalid_body', '"model" is empty.', { param: 'model' });
  const streamSpan = optional(body, spans, 'stream', 'boolean');
  const limit =
    optional(body, spans, 'max_completion_tokens', 'number') ?? optional(body, spans, 'max_tokens', 'number');
  return {
    model,
    modelSpan,
    stream: streamSpan !== undefined && isTrueAt(body, streamSpan),
    reportsUsage: asksForUsage(body, spans.stream_options),
    spans,
    inputTokens: Math.ceil(body.length / 4),
    ...(limit ? { maxOutputTokens: numberAt(body, limit) } : {}),
  };
}

function scan(body: Uint8Array, maxDepth: number): Spans {
  try {
    return scanObject(body, keys, maxDepth);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    if (error.kind === 'duplicate') {
      throw new GatewayError('duplicate_key', `The body ${error.message}.`, { param: error.key ?? '' });
    }
    const code = error.kind === 'depth' ? 'body_too_deep' : 'invalid_json';
    throw new GatewayError(code, `The body is not usable JSON: it ${error.message}.`);
  }
}

function demand(body: Uint8Array, spans: Spans, name: keyof Spans, type: ReturnType<typeof typeAt>): Span {
  const span = optional(body, spans, name, type);
  if (!span)
    throw new GatewayError('invalid_body', `"${name}" is missing; it must be ${article(type)}.`, {
      param: name,
    });
  return span;
}

/** `null` counts as absent, as it does at OpenAI. */
function optional(
  body: Uint8Array,
  spans: Spans,
  name: keyof Spans,
  type: ReturnType<typeof typeAt>,
): Span | undefined {
  const span = spans[name];
  if (!span) return undefined;
  const found = typeAt(body, span);
  if (found === type) return span;
  if (found === 'null') return undefined;
  throw new GatewayError('invalid_body', `"${name}" must be ${article(type)}, not ${article(found)}.`, {
    param: name,
  });
}

function article(type: string): string {
  return type === 'null' ? 'null' : /^[aeo]/.test(type) ? `an ${type}` : `a ${type}`;
}

interface Edit extends Span {
  readonly text: string;
}

function splice(
  body: Uint8Array,
  { spans, modelSpan }: RequestPeek,
  wanted: SpliceEdits,
): readonly Uint8Array[] {
  const edits: Edit[] = [];
  const members: string[] = [];
  if (wanted.model !== undefined && modelSpan)
    edits.push({ ...modelSpan, text: JSON.stringify(wanted.model) });
  if (wanted.stream) {
    if (spans.stream) edits.push({ ...spans.stream, text: 'true' });
    else members.push('"stream":true');
  }
  if (wanted.includeUsage) {
    const edit = editOptions(body, spans.stream_options);
    if (typeof edit === 'string') members.push(edit);
    else if (edit) edits.push(edit);
  }
  if (members.length > 0) edits.push(insertMembers(body, 0, members.join(',')));
  return applyEdits(body, edits);
}

function asksForUsage(body: Uint8Array, options: Span | undefined): boolean {
  if (!options || typeAt(body, options) !== 'object') return false;
  const include = scanOptions(body, options).include_usage;
  return include !== undefined && isTrueAt(body, include);
}

// The body as a whole has passed the scan, so that only a doubled key can be wrong here.
function scanOptions(body: Uint8Array, { start, end }: Span): JsonSpans<'include_usage'> {
  try {
    return scanObject(body, optionKeys, 1024, start, end);
  } catch {
    throw new GatewayError('duplicate_key', '"stream_options" has the key "include_usage" twice.', {
      param: 'stream_options.include_usage',
    });
  }
}

// A member to add, a place to edit, or nothing to do. A value of a wrong type is left for the upstream to refuse.
function editOptions(body: Uint8Array, options: Span | undefined): string | Edit | undefined {
  if (!options) return '"stream_options":{"include_usage":true}';
  const type = typeAt(body, options);
  if (type === 'null') return { ...options, text: '{"include_usage":true}' };
  if (type !== 'object') return undefined;
  const include = scanOptions(body, options).include_usage;
  if (!include) return insertMembers(body, options.start, '"include_usage":true');
  return isTrueAt(body, include) ? undefined : { ...include, text: 'true' };
}

/** Puts members first into the object whose brace stands at or after `from`. */
function insertMembers(body: Uint8Array, from: number, members: string): Edit {
  const brace = body.indexOf(0x7b, from);
  let next = brace + 1;
  while (body[next]! <= 0x20) next++;
  return { start: brace + 1, end: brace + 1, text: body[next] === 0x7d ? members : `${members},` };
}

function applyEdits(body: Uint8Array, edits: Edit[]): readonly Uint8Array[] {
  if (edits.length === 0) return [body];
  edits.sort((a, b) => a.start - b.start);
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, text } of edits) {
    if (start > at) pieces.push(body.subarray(at, start));
    pieces.push(Buffer.from(text));
    at = end;
  }
  if (at < body.length) pieces.push(body.subarray(at));
  return pieces;
}
