// The schema knows the letters of an address, not its numbers: 10.0.0.0/33 is none, and a filter may have no holes.
import { parseAddressRange } from '../../lib/address.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import type { ResolvedConfig } from '../generated/types.ts';
import type { DocumentCheck } from './context.ts';

export const invalidAddress: DocumentCheck = {
  code: 'network/invalid-address',
  severity: 'error',
  meaning:
    'An address or a range of addresses cannot be read. A filter that left it out would let the wrong ones in.',
  action:
    'Write an address (10.1.2.3, 2001:db8::1), a range (10.0.0.0/8, 2001:db8::/32) or whole octets (10.1.2.*).',
  *check({ config }) {
    for (const { path, texts } of listRanges(config)) {
      for (const [index, text] of texts.entries()) {
        if (parseAddressRange(text)) continue;
        yield {
          pointer: renderPointer([...path, index]),
          message: `"${text}" is neither an address nor a range`,
        };
      }
    }
  },
};

interface Ranges {
  readonly path: readonly (string | number)[];
  readonly texts: readonly string[];
}

function listRanges({ server, network, policies, budgets, rateLimits }: ResolvedConfig): readonly Ranges[] {
  const rules = { policies, budgets, rateLimits };
  return [
    { path: ['server', 'trustedProxies'], texts: server.trustedProxies },
    { path: ['network', 'ipFilter', 'blacklist'], texts: network.ipFilter.blacklist },
    { path: ['network', 'ipFilter', 'whitelist'], texts: network.ipFilter.whitelist },
    ...Object.entries(rules).flatMap(([section, list]) =>
      list.map(({ match }, index) => ({
        path: [section, index, 'match', 'addresses'],
        texts: match.addresses ?? [],
      })),
    ),
  ];
}
