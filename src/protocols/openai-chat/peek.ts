// A chat request as bytes: what the gateway must know is read in one scan, what it must change is spliced.
// The rest of the body is the upstream's business and passes untouched.
import { GatewayError } from '../../errors.ts';
import { demandField, scanBody } from '../../lib/json-fields.ts';
import { isTrueAt, prepareKeys, scanObject, typeAt } from '../../lib/json-scan.ts';
import { insertMembers, type Edit } from '../../lib/json-splice.ts';
import { peekFlat, readModel, spliceBody } from '../flat-body.ts';
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
  const modelSpan = demandField(body, spans.model, 'model', 'string');
  demandField(body, spans.messages, 'messages', 'array');
  const model = readModel(body, modelSpan);
  const reportsUsage = asksForUsage(body, spans.stream_options);
  return peekFlat(body, spans, { model, modelSpan, reportsUsage }, ['max_completion_tokens', 'max_tokens']);
}

function splice(body: Uint8Array, peek: RequestPeek, wanted: SpliceEdits): readonly Uint8Array[] {
  // Reasoning that another provider's turn left in the history carries our seal; no upstream knows it.
  const sealed = stripSealed(body);
  if (sealed !== undefined) return splice(sealed, peekRequest(sealed, { maxDepth: 1000 }), wanted);
  const options = wanted.includeUsage ? editOptions(body, peek.spans['stream_options']) : undefined;
  return spliceBody(body, peek, wanted, options);
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
