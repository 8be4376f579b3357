// Which wire of a provider to use: the client's own first, because bytes then pass untouched.
import { embeddingProtocols, type ProtocolName } from '../protocols/capabilities.ts';
import type { Facts } from './facts.ts';
import type { Endpoint, ModelFacts, Provider } from './snapshot.ts';

/** The endpoint for this request, or undefined when no wire of the provider can express it. */
export function chooseEndpoint(
  provider: Provider,
  facts: Pick<Facts, 'operation' | 'protocol'>,
  model?: ModelFacts,
): Endpoint | undefined {
  // Whatever a model is for, it reads tokens, and its chat's wire is asked for them.
  const counts = facts.operation === 'count-tokens';
  const operation = counts ? 'chat' : facts.operation;
  if (!counts && model?.operations && !model.operations.includes(operation)) return undefined;
  const endpoints =
    operation === 'embeddings' ? provider.endpoints.filter(hasEmbeddings) : provider.endpoints;
  // A model that is served on one wire only leaves no choice.
  const forced = model?.protocol;
  const wanted = forced ?? facts.protocol;
  const direct = endpoints.find((endpoint) => endpoint.protocol === wanted);
  if (direct && (wanted === facts.protocol || canTranslate(operation))) return direct;
  if (forced !== undefined || !canTranslate(operation)) return undefined;
  return endpoints[0];
}

/** Why there is none, as a clause. */
export function explainNoEndpoint(
  { id }: Provider,
  { operation, protocol }: Pick<Facts, 'operation' | 'protocol'>,
  model: ModelFacts | undefined,
): string {
  const { operations } = model ?? {};
  if (operations && !operations.includes(operation)) {
    return `the model is for ${operations.join(' and ')}, not for ${operation}`;
  }
  if (canTranslate(operation)) return `no wire of ${id} has ${operation}`;
  return `${id} has no wire for ${operation} in ${protocol}`;
}

function hasEmbeddings({ protocol }: { readonly protocol: ProtocolName }): boolean {
  return embeddingProtocols.includes(protocol);
}

// Chat and embeddings have a hub to translate through; the rest needs a provider that speaks the client's own protocol.
function canTranslate(operation: Facts['operation']): boolean {
  return operation === 'chat' || operation === 'embeddings';
}
