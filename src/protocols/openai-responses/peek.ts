// A Responses request as bytes: what the gateway must know is read in one scan, what it must change is spliced.
import { demandField, optionalField, scanBody } from '../../lib/json-fields.ts';
import { prepareKeys, typeAt } from '../../lib/json-scan.ts';
import { peekFlat, readModel, spliceBody } from '../flat-body.ts';
import type { Peek, RequestPeek, SpliceEdits } from '../protocol.ts';
import { stripSealed } from './sealed.ts';
import { createStreamPipe, createUnaryPipe } from './watch.ts';

// Whoever keeps state reads the last six: none of them may stand twice.
const keys = prepareKeys([
  'model',
  'input',
  'stream',
  'max_output_tokens',
  'reasoning',
  'previous_response_id',
  'conversation',
  'store',
  'background',
  'prompt',
]);

export const peek = {
  request: peekRequest,
  splice,
  path: () => '/responses',
  streamPipe: createStreamPipe,
  unaryPipe: createUnaryPipe,
} satisfies Peek;

function peekRequest(body: Uint8Array, { maxDepth }: { readonly maxDepth: number }): RequestPeek {
  const spans = scanBody(body, keys, maxDepth);
  const modelSpan = demandField(body, spans.model, 'model', 'string');
  const model = readModel(body, modelSpan);
  const { input } = spans;
  // A string, or a list of items; what a stored conversation or prompt continues may need none.
  if (input && typeAt(body, input) !== 'string') optionalField(body, spans.input, 'input', 'array');
  else if (!input && !spans.previous_response_id && !spans.conversation && !spans.prompt) {
    demandField(body, spans.input, 'input', 'array');
  }
  return peekFlat(body, spans, { model, modelSpan, reportsUsage: true }, ['max_output_tokens']);
}

function splice(body: Uint8Array, peek: RequestPeek, wanted: SpliceEdits): readonly Uint8Array[] {
  // Reasoning that another provider's turn left in the history carries our seal; no upstream knows it.
  const sealed = stripSealed(body);
  return sealed === undefined
    ? spliceBody(body, peek, wanted)
    : spliceBody(sealed, peekRequest(sealed, { maxDepth: 1000 }), wanted);
}
