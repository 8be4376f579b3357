// Thought signatures: Google's proofs of its reasoning. Each stands on the part that it belongs to; in the hub it is the
// proof of the reasoning right before that part. They return to their issuer only, and none is ever made up.
import type { ReasoningPart } from '../../ir/parts.ts';
import { belongsTo, isSealed, sealProof, unsealProof, unsealText } from '../../ir/proof.ts';
import type { Proof } from '../../ir/proof.ts';
import { defined } from '../../lib/json.ts';
import { wire } from './wire.ts';

/** Google's own word for a call that another model made: it says that there is no signature, and is none. */
export const foreignCall = 'skip_thought_signature_validator';

/** A signature of an answer. */
export function decodeSignature(value: unknown, issuer: string): Proof | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return { wire, issuer, form: 'signature', data: value };
}

/** A signature of a history as the reasoning that it proves; a sealed one holds another provider's, with its text. */
export function decodeSlot(value: unknown): Omit<ReasoningPart, 'kind'> | undefined {
  if (typeof value !== 'string' || value === '' || value === foreignCall) return undefined;
  if (!isSealed(value)) return { text: '', proof: { wire, form: 'signature', data: value } };
  return defined({ text: unsealText(value), proof: unsealProof(value) });
}

/** For the upstream; undefined when it is somebody else's. */
export function encodeSignature(proof: Proof | undefined, issuer: string): string | undefined {
  return proof !== undefined && belongsTo(proof, wire, issuer) ? proof.data : undefined;
}

/** For the client, who sends it back, often without the text. */
export function sealSignature(proof: Proof | undefined, text: string): string | undefined {
  if (proof === undefined) return undefined;
  return proof.wire === wire && proof.form === 'signature' ? proof.data : sealProof(proof, text);
}
