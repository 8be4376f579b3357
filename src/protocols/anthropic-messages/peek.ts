// A messages request as bytes: what the gateway must know is read in one scan, what it must change is spliced.
import { GatewayError } from '../../errors.ts';
import { sealPrefix } from '../../ir/proof.ts';
import { demandField, optionalField, scanBody } from '../../lib/json-fields.ts';
import { isTrueAt, numberAt, prepareKeys, stringAt } from '../../lib/json-scan.ts';
import { applyEdits, insertMembers } from '../../lib/json-splice.ts';
import type { Edit } from '../../lib/json-splice.ts';
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
  const modelSpan = demandField(body, spans, 'model', 'string');
  demandField(body, spans, 'messages', 'array');
  const model = stringAt(body, modelSpan);
  if (model === '') throw new GatewayError('invalid_body', '"model" is empty.', { param: 'model' });
  const streamSpan = optionalField(body, spans, 'stream', 'boolean');
  const limit = optionalField(body, spans, 'max_tokens', 'number');
  return {
    model,
    modelSpan,
    stream: streamSpan !== undefined && isTrueAt(body, streamSpan),
    spans,
    reportsUsage: true,
    inputTokens: Math.ceil(body.length / 4),
    ...(limit ? { maxOutputTokens: numberAt(body, limit) } : {}),
  };
}

function splice(
  body: Uint8Array,
  { spans, modelSpan }: RequestPeek,
  wanted: SpliceEdits,
): readonly Uint8Array[] {
  // Reasoning that another provider's turn left in the history carries our seal; Anthropic would refuse it.
  const sealed = stripSealed(body, sealPrefix);
  if (sealed !== undefined) {
    const again = scanBody(sealed, keys, 1000);
    return splice(
      sealed,
      {
        spans: again,
        stream: false,
        reportsUsage: true,
        inputTokens: 0,
        ...(again.model && { modelSpan: again.model }),
      },
      wanted,
    );
  }
  const edits: Edit[] = [];
  const members: string[] = [];
  if (wanted.model !== undefined && modelSpan)
    edits.push({ ...modelSpan, text: JSON.stringify(wanted.model) });
  if (wanted.stream) {
    if (spans['stream']) edits.push({ ...spans['stream'], text: 'true' });
    else members.push('"stream":true');
  }
  if (wanted.insert !== undefined) members.push(wanted.insert);
  if (members.length > 0) edits.push(insertMembers(body, 0, members.join(',')));
  return applyEdits(body, edits);
}
