// A summary that stands for a conversation. The provider's own is readable to itself alone; one that the gateway made is
// sealed like everything of ours in a client's history, and any model may read it.
import { isSealed, sealProof, unsealProof } from '../../ir/proof.ts';
import type { JsonObject } from '../../lib/json.ts';
import { wire } from './wire.ts';

const author = 'omniroute';

/** The item of a summary that the gateway made. */
export function writeCompaction(id: string, summary: string): JsonObject {
  const sealed = sealProof({ wire, issuer: author, form: 'redacted', data: summary });
  return { type: 'compaction', id, encrypted_content: sealed };
}

/** What a model should read in its place; undefined when only the provider can say. */
export function readCompaction({ encrypted_content: data }: JsonObject): string | undefined {
  if (typeof data !== 'string' || !isSealed(data)) return undefined;
  const proof = unsealProof(data);
  return proof?.issuer === author ? `The conversation so far, in short:\n\n${proof.data}` : undefined;
}
