// What stands in the place for encrypted reasoning: the issuer's own, or a seal around that of another. Never nothing: an
// item without it would point at what no provider has stored.
import { sealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { wire } from './wire.ts';

export function encodeProof(proof: Proof | undefined, issuer: string): string {
  return proof?.wire === wire && proof.issuer === issuer ? proof.data : sealProof(proof);
}
