// Route and path → the wire in which a client is read and answered.
import { findCountProtocol } from '../protocols/counters.ts';
import { findEmbeddings } from '../protocols/embeddings.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { envelopeOf } from '../protocols/registry.ts';
import type { Incoming, Route } from './incoming.ts';
import { findAsker } from './models.ts';

export function chooseWire({ operation, protocol }: Route, incoming: Incoming): Protocol {
  if (operation === 'embeddings') return findEmbeddings(protocol, incoming) ?? envelopeOf(protocol);
  if (operation === 'count-tokens') return findCountProtocol(protocol) ?? envelopeOf(protocol);
  // Nobody who lists models has said more than a header about himself.
  if (operation === 'models' || operation === 'model') return envelopeOf(findAsker(incoming, protocol));
  const wire = envelopeOf(protocol);
  return wire.dialect ? wire.dialect(incoming) : wire;
}
