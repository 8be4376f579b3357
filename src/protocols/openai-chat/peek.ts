// A chat request as bytes: what the gateway must know is read in one scan, what it must change is spliced.
// The rest of the body is the upstream's business and passes untouched.
import { GatewayError } from '../../errors.ts';
import { sealPrefix } from '../../ir/proof.ts';
import { demandField, optionalField, scanBody } from '../../lib/json-fields.ts';
import { isTrueAt, numberAt, prepareKeys, scanObject, stringAt, typeAt } from '../../lib/json-scan.ts';
import { applyEdits, insertMembers } from '../../lib/json-splice.ts';
import { quoteName } from '../../lib/quote-name.ts';
import type { Edit } from '../../lib/json-splice.ts';
import type { Peek, RequestPeek, Span, SpliceEdits } from '../protocol.ts';
import { stripSealed } from './sealed.ts';
import { createStreamPipe, createUnaryPipe } from './watch.ts';

const keys = prepareKeys([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'reasoning_effort',
]);
const optionKeys = prepareKeys(['include_usage']);

export const peek = {
  request: peekRequest,
  splice,
  path: () => '/chat/completions',
  streamPipe: ({ withholdUsage }) => createStreamPipe(withholdUsage),
  unaryPipe: createUnaryPipe,
} satisfies Peek;

function peekRequest(body: Uint8Array, { maxDepth }: { readonly maxDepth: number }): RequestPeek {
  const spans = scanBody(body, keys, maxDepth);
  const modelSpan = demandField(body, spans, 'model', 'string');
  demandField(body, spans, 'messages', 'array');
  const model = stringAt(body, modelSpan);
  if (model === '') throw new GatewayError('invalid_body', '"model" is empty.', { param: 'model' });
  const streamSpan = optionalField(body, spans, 'stream', 'boolean');
  const limit =
    optionalField(body, spans, 'max_completion_tokens', 'number') ??
    optionalField(body, spans, 'max_tokens', 'number');
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

function splice(
  body: Uint8Array,
  { spans, modelSpan }: RequestPeek,
  wanted: SpliceEdits,
): readonly Uint8Array[] {
  // Reasoning that another provider's turn left in the history carries our seal; no upstream knows it.
  const sealed = stripSealed(body, sealPrefix);
  if (sealed !== undefined) return splice(sealed, peekRequest(sealed, { maxDepth: 1000 }), wanted);
  const edits: Edit[] = [];
  const members: string[] = [];
  if (wanted.model !== undefined && modelSpan) edits.push({ ...modelSpan, text: quoteName(wanted.model) });
  if (wanted.stream) {
    if (spans.stream) edits.push({ ...spans.stream, text: 'true' });
    else members.push('"stream":true');
  }
  if (wanted.includeUsage) {
    const edit = editOptions(body, spans.stream_options);
    if (typeof edit === 'string') members.push(edit);
    else if (edit) edits.push(edit);
  }
  if (wanted.insert !== undefined) members.push(wanted.insert);
  if (members.length > 0) edits.push(insertMembers(body, 0, members.join(',')));
  return applyEdits(body, edits);
}

function asksForUsage(body: Uint8Array, options: Span | undefined): boolean {
  if (!options || typeAt(body, options) !== 'object') return false;
  const include = scanOptions(body, options).include_usage;
  return include !== undefined && isTrueAt(body, include);
}

// The body as a whole has passed the scan, so that only a doubled key can be wrong here.
function scanOptions(body: Uint8Array, { start, end }: Span): { readonly include_usage?: Span } {
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
