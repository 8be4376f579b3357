// A request as tests and scenarios write it → the facts that the gateway would have read from it.
import type { ResolvedTestRequest } from '../../config/generated/types.ts';
import type { Facts, Principal } from '../facts.ts';
import { anonymous, createPrincipal, findKeyFault, type KeyFault } from '../principal.ts';
import type { Snapshot } from '../snapshot.ts';
import { sessionOf } from './given.ts';

export type TestRequest = ResolvedTestRequest;

/** About four bytes a token, as the gateway estimates the other way round. */
const bytesPerToken = 4;

export function readTestFacts(request: TestRequest, snapshot: Snapshot): Facts {
  const { model, protocol, operation, stream, address, features, metadata, messages, session } = request;
  const { inputTokens, maxOutputTokens } = request;
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
    ...(session !== undefined && { session: sessionOf(session) }),
  };
}

/** What the door says before anything is decided; undefined lets the request in. */
export function findDoorFault(
  { key: id }: TestRequest,
  { keys, access }: Snapshot,
  now: number,
): KeyFault | undefined {
  const key = id === undefined ? undefined : keys.values().find((known) => known.id === id);
  if (key) return findKeyFault(key, now);
  if (id !== undefined) return { code: 'invalid_api_key', message: `There is no key "${id}".` };
  if (!access.requireApiKey) return undefined;
  return { code: 'missing_api_key', message: 'This gateway requires a key.' };
}

function readPrincipal({ key: id, tags }: TestRequest, { keys }: Snapshot): Principal {
  const key = id === undefined ? undefined : keys.values().find((known) => known.id === id);
  const principal = key ? createPrincipal(key) : anonymous;
  return tags ? { ...principal, tags } : principal;
}
