// A messages request as bytes: what the gateway must know is read in one scan, what it must change is spliced.
import { demandField, scanBody } from '../../lib/json-fields.ts';
import { prepareKeys } from '../../lib/json-scan.ts';
import { peekFlat, readModel, spliceBody } from '../flat-body.ts';
import type { Peek, RequestPeek, SpliceEdits } from '../protocol.ts';
import { stripSealed } from './sealed.ts';
import { createStreamPipe, createUnaryPipe } from './watch.ts';

const keys = prepareKeys(['model', 'messages', 'stream', 'max_tokens', 'thinking']);

export const peek: Peek = {
  request: peekRequest,
  splice,
  path: () => '/messages',
  streamPipe: createStreamPipe,
  unaryPipe: createUnaryPipe,
};

function peekRequest(body: Uint8Array, { maxDepth }: { readonly maxDepth: number }): RequestPeek {
  const spans = scanBody(body, keys, maxDepth);
  const modelSpan = demandField(body, spans.model, 'model', 'string');
  demandField(body, spans.messages, 'messages', 'array');
  const model = readModel(body, modelSpan);
  return peekFlat(body, spans, { model, modelSpan, reportsUsage: true }, ['max_tokens']);
}

function splice(body: Uint8Array, peek: RequestPeek, wanted: SpliceEdits): readonly Uint8Array[] {
  // Reasoning that another provider's turn left in the history carries our seal; Anthropic would refuse it.
  const sealed = stripSealed(body);
  return sealed === undefined
    ? spliceBody(body, peek, wanted)
    : spliceBody(sealed, peekRequest(sealed, { maxDepth: 1000 }), wanted);
}
