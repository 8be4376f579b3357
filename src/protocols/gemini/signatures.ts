// Thought signatures: Google's proofs of its reasoning. Each stands on the part that it belongs to; in the hub it is the
// proof of the reasoning right before that part. They return to their issuer only, and none is ever made up.
import { belongsTo, isSealed, sealProof, unsealProof } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { defined } from '../../lib/json.ts';
import { wire } from './wire.ts';

/** Google's own word for a call that another model made: it says that there is no signature, and is none. */
export const foreignCall = 'skip_thought_signature_validator';

/** A signature of a history or an answer; a sealed one holds another provider's proof, or none. */
export function decodeSignature(value: unknown, issuer?: string): Proof | undefined {
  if (typeof value !== 'string' || value === '' || value === foreignCall) return undefined;
  if (isSealed(value)) return unsealProof(value);
  return defined({ wire, issuer, form: 'signature' as const, data: value });
}

/** For the upstream; undefined when it is somebody else's. */
export function encodeSignature(proof: Proof, issuer: string): string | undefined {
  return belongsTo(proof, wire, issuer) ? proof.data : undefined;
}

/** For the client, who sends it back. */
export function sealSignature(proof: Proof): string {
  return proof.wire === wire && proof.form === 'signature' ? proof.data : sealProof(proof);
}
