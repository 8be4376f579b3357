// A request as tests and scenarios write it → the facts that the gateway would have read from it.
import type { ResolvedTestRequest } from '../../config/generated/types.ts';
import type { Facts, Principal } from '../facts.ts';
import { anonymous, createPrincipal } from '../principal.ts';
import type { Snapshot } from '../snapshot.ts';
import { sessionOf } from './given.ts';

export type TestRequest = ResolvedTestRequest;

/** About four bytes a token, as the gateway estimates the other way round. */
const bytesPerToken = 4;

export function readTestFacts(request: TestRequest, snapshot: Snapshot): Facts {
  const { model, protocol, operation, stream, address, features, metadata, messages, session } = request;
  const { inputTokens, maxOutputTokens, temperature } = request;
  const uses = new Set<string>(features);
  return {
    model,
    protocol,
    operation,
    stream,
    principal: readPrincipal(request, snapshot),
    address,
    bodyBytes: inputTokens * bytesPerToken,
    inputTokens,
    hasTools: uses.has('tools'),
    hasImages: uses.has('images'),
    hasAudio: uses.has('audio'),
    hasFiles: uses.has('files'),
    hasReasoning: uses.has('reasoning'),
    hasResponseSchema: uses.has('responseSchema'),
    messageCount: messages,
    metadata,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(session !== undefined && { session: sessionOf(session) }),
  };
}

function readPrincipal({ key: id, tags }: TestRequest, { keys }: Snapshot): Principal {
  const key = id === undefined ? undefined : keys.values().find((known) => known.id === id);
  const principal = key ? createPrincipal(key) : anonymous;
  return tags ? { ...principal, tags } : principal;
}
