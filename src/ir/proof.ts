// The opaque value by which a provider recognises its own reasoning (signature, encrypted content). It is bound to its
// issuer: it returns there and nowhere else, and none is ever forged. Where a client's dialect demands a proof that we
// do not own, the slot gets a sealed value: plainly ours, recognisable in raw bytes, and undone on the way back.
import { decodeText, encodeText } from './data-uri.ts';
import { findByte, findText } from '../lib/bytes.ts';
import { parseJson } from '../lib/json.ts';

export interface Proof {
  /** The wire that the value belongs to. */
  readonly wire: string;
  /** Provider that issued it; absent when the client sent it bare and only its wire is known. */
  readonly issuer?: string;
  /** `signature` stands beside visible reasoning; `redacted` is the whole, encrypted reasoning. */
  readonly form: 'signature' | 'redacted';
  readonly data: string;
}

/**
 * Base64 of the first 15 bytes of `seal`, 20 whole characters: every sealed value begins with them, so a pass-through
 * finds foreign reasoning with one byte search.
 */
export const sealPrefix = 'b21uaXJvdXRlLXNlYWw6';

const seal = 'omniroute-seal:1;';

/**
 * A value for a proof slot of a foreign dialect; without a proof it only says "made by the gateway". `text`: the reasoning
 * itself, for clients that keep the slot but not the text that it proves.
 */
export function sealProof(proof: Proof | undefined, text = ''): string {
  const members = proof === undefined ? undefined : [proof.wire, proof.issuer ?? '', proof.form, proof.data];
  const content = members === undefined ? '' : JSON.stringify(text === '' ? members : [...members, text]);
  return encodeText(`${seal}${content}`);
}

export function isSealed(value: string): boolean {
  return value.startsWith(sealPrefix);
}

/** Whether a sealed value may stand in these bytes. */
export function mayHoldSeal(bytes: Uint8Array): boolean {
  // Most texts lack this letter of the prefix, and one byte is looked for ten times as fast as a word.
  return findByte(bytes, letterX) >= 0 && findText(bytes, sealPrefix) >= 0;
}

const letterX = 0x58;

/** The proof inside a sealed value; undefined when it holds none or was damaged. */
export function unsealProof(value: string): Proof | undefined {
  const content = open(value);
  if (content.length < 4) return undefined;
  const [wire, issuer, form, data] = content;
  if (typeof wire !== 'string' || typeof issuer !== 'string' || typeof data !== 'string') return undefined;
  if (form !== 'signature' && form !== 'redacted') return undefined;
  return issuer === '' ? { wire, form, data } : { wire, issuer, form, data };
}

/** The reasoning text inside a sealed value; empty when it holds none. */
export function unsealText(value: string): string {
  const text = open(value)[4];
  return typeof text === 'string' ? text : '';
}

function open(value: string): readonly unknown[] {
  const content = parseJson((decodeText(value) ?? '').slice(seal.length));
  return Array.isArray(content) ? (content as unknown[]) : [];
}

/** Whether `proof` may be sent to this upstream. */
export function belongsTo(proof: Proof, wire: string, issuer: string): boolean {
  return proof.wire === wire && (proof.issuer === undefined || proof.issuer === issuer);
}
