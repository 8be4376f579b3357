// Thought signatures by the calls that they came with: Gemini refuses a turn whose call has lost its signature, and most
// clients of other dialects keep calls but nothing that proves them. In memory, the newest ones, apart for each key.
import type { Proof } from '../ir/proof.ts';
import type { CallProofs } from '../protocols/translate.ts';

export interface CallProofStore {
  /** What belongs to one key. */
  of(owner: string): CallProofs;
}

export interface CallProofLimits {
  readonly calls: number;
  /** Characters of all signatures together. */
  readonly characters: number;
  /** Characters of one; those on pictures are larger than the pictures. */
  readonly largest: number;
}

const usual: CallProofLimits = { calls: 20_000, characters: 32 * 1024 * 1024, largest: 256 * 1024 };

export function createCallProofs(limits = usual): CallProofStore {
  const proofs = new Map<string, Proof>();
  let characters = 0;

  return {
    of: (owner) => ({
      keep(callId, proof) {
        if (callId === '' || proof.data.length > limits.largest) return;
        const key = `${owner}\n${callId}`;
        forget(key);
        proofs.set(key, proof);
        characters += proof.data.length;
        while (proofs.size > limits.calls || characters > limits.characters)
          forget(proofs.keys().next().value!);
      },
      find: (callId) => proofs.get(`${owner}\n${callId}`),
    }),
  };

  function forget(key: string): void {
    const old = proofs.get(key);
    if (old === undefined) return;
    characters -= old.data.length;
    proofs.delete(key);
  }
}
