// Which wire of a provider to use: the client's own first, because bytes then pass untouched.
import type { Facts } from './facts.ts';
import type { Endpoint, Provider } from './snapshot.ts';

/** The endpoint for this request, or undefined when no wire of the provider can express it. */
export function chooseEndpoint(provider: Provider, facts: Facts): Endpoint | undefined {
  for (const endpoint of provider.endpoints) {
    if (endpoint.protocol === facts.protocol) return endpoint;
  }
  return provider.endpoints.find((endpoint) => canExpress(endpoint, facts));
}

// Only chat has a hub to translate through; everything else needs a provider that speaks the client's own protocol.
function canExpress(_endpoint: Endpoint, facts: Facts): boolean {
  return facts.operation === 'chat';
}
