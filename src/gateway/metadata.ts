// `X-OmniRoute-Metadata-<name>: <value>` → the metadata that rules match. What is too much is left out: a rule about it
// then does not hold, and nothing grows with what a client sends.
import type { RawHeaders } from '../protocols/protocol.ts';

const prefix = 'x-omniroute-metadata-';
const mostPairs = 16;
const longestValue = 256;

/** Names in lower case, without the prefix; undefined when there are none. No pair reaches an upstream. */
export function readMetadata(headers: RawHeaders): Readonly<Record<string, string>> | undefined {
  let pairs: [string, string][] | undefined;
  for (const header in headers) {
    if (!header.startsWith(prefix) || header.length === prefix.length) continue;
    const value = headers[header];
    const text = typeof value === 'object' ? value[0] : value;
    if (text === undefined || text.length > longestValue) continue;
    (pairs ??= []).push([header.slice(prefix.length), text]);
    if (pairs.length === mostPairs) break;
  }
  return pairs && Object.fromEntries(pairs);
}
