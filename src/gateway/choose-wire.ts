// Route and path → the wire in which a client is read and answered.
import { findCountProtocol } from '../protocols/counters.ts';
import { findEmbeddings } from '../protocols/embeddings.ts';
import type { ProtocolName } from '../protocols/capabilities.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { envelopeOf } from '../protocols/registry.ts';
import { readHeader, type Incoming, type Route } from './incoming.ts';

export function chooseWire({ operation, protocol }: Route, incoming: Incoming): Protocol {
  if (operation === 'embeddings') return findEmbeddings(protocol, incoming) ?? envelopeOf(protocol);
  if (operation === 'count-tokens') return findCountProtocol(protocol) ?? envelopeOf(protocol);
  // Nobody who lists models has said more than a header about himself.
  if (operation === 'models' || operation === 'model') return envelopeOf(findAsker(incoming, protocol));
  const wire = envelopeOf(protocol);
  return wire.dialect ? wire.dialect(incoming) : wire;
}

/** Three vendors share the path; the headers tell who asks, and the envelope of an error follows. */
function findAsker({ headers, query }: Incoming, protocol: ProtocolName): ProtocolName {
  if (protocol === 'gemini') return 'gemini';
  if (readHeader(headers, 'anthropic-version') !== undefined) return 'anthropic-messages';
  if (
    readHeader(headers, 'x-goog-api-key') !== undefined ||
    readHeader(headers, 'x-goog-api-client') !== undefined ||
    /(^|&)key=/.test(query)
  )
    return 'gemini';
  return readHeader(headers, 'x-api-key') === undefined ? protocol : 'anthropic-messages';
}
