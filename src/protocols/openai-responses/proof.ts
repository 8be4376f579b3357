// What stands in the place for encrypted reasoning: OpenAI's own, or a seal around another issuer's. Never nothing: an
// item without it would point at what no provider has stored.
import { sealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { wire } from './wire.ts';

export function encodeProof(proof: Proof | undefined): string {
  return proof?.wire === wire ? proof.data : sealProof(proof);
}
