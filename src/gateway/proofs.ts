// Whose proof of reasoning a bare `encrypted_content` is. Nothing in the value says it, clients carry it from turn to turn,
// and a fallback may lead the next turn to another provider of the same wire: what passes through is noted by digest, and
// kept from everybody but its issuer. In memory; what is unknown travels as it is.
import { hash } from 'node:crypto';
import { findText, latin1, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson } from '../lib/json.ts';
import type { AnswerPipe, PipeStep } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import type { Source } from './recall.ts';
import { retainable } from './retainable.ts';
import type { PreparedCall } from './translate.ts';

/** Digests of proofs and the providers that issued them, the newest ones. */
export interface ProofIssuers {
  note(proof: string, provider: string): void;
  of(proof: string): string | undefined;
}

/** Some 100 bytes each. */
const usualCapacity = 20_000;

export function createProofIssuers(capacity = usualCapacity): ProofIssuers {
  const issuers = new Map<string, string>();
  return {
    note(proof, provider) {
      const digest = digestOf(proof);
      issuers.delete(digest);
      issuers.set(digest, provider);
      if (issuers.size > capacity) issuers.delete(issuers.keys().next().value!);
    },
    of: (proof) => issuers.get(digestOf(proof)),
  };
}

function digestOf(proof: string): string {
  return hash('sha256', proof, 'base64url').slice(0, 22);
}

/** The call with a pipe that notes the proofs of its answer, where another provider could ever be shown them. */
export function noteProofs(
  gateway: Gateway,
  exchange: Exchange,
  { provider }: Attempt,
  call: PreparedCall,
): PreparedCall {
  const passed = exchange.protocol.name === 'openai-responses' && call.wire.name === 'openai-responses';
  if (!passed || !isShared(exchange.snapshot) || !retainable(exchange)) return call;
  const note = (text: string): void => {
    for (const proof of listProofs(text)) gateway.proofs.note(proof, provider.id);
  };
  return { ...call, pipe: exchange.stream ? watchFrames(call.pipe, note) : watchWhole(call.pipe, note) };
}

// Whole frames only: no proof is cut in two.
function watchFrames(pipe: AnswerPipe, note: (text: string) => void): AnswerPipe {
  const look = (step: PipeStep): PipeStep => {
    for (const piece of step.output) {
      if (typeof piece === 'string') note(piece);
      else if (findText(piece, field) >= 0) note(latin1(piece));
    }
    return step;
  };
  return { ...rest(pipe), push: (chunk) => look(pipe.push(chunk)), end: () => look(pipe.end()) };
}

function watchWhole(pipe: AnswerPipe, note: (text: string) => void): AnswerPipe {
  const pieces: Uint8Array[] = [];
  const collect = (step: PipeStep): PipeStep => {
    for (const piece of step.output) if (typeof piece !== 'string') pieces.push(piece);
    return step;
  };
  return {
    ...rest(pipe),
    push: (chunk) => collect(pipe.push(chunk)),
    end() {
      const step = collect(pipe.end());
      const body = Buffer.concat(pieces.splice(0));
      if (findText(body, field) >= 0) note(latin1(body));
      return step;
    },
  };
}

function rest({ usage, outputCharacters }: AnswerPipe): Pick<AnswerPipe, 'usage' | 'outputCharacters'> {
  return { usage, outputCharacters };
}

/** The body without reasoning that somebody else than this provider proved. */
export function withoutForeign(
  { proofs }: Gateway,
  { protocol, snapshot, incoming }: Exchange,
  { provider }: Attempt,
  source: Source,
): Source {
  const { body } = source;
  if (protocol.name !== 'openai-responses' || !isShared(snapshot) || findText(body, field) < 0) return source;
  const isForeign = (proof: string): boolean => (proofs.of(proof) ?? provider.id) !== provider.id;
  if (!listProofs(latin1(body)).some(isForeign)) return source;
  const value = parseJson(utf8(body));
  if (!isObject(value) || !Array.isArray(value['input'])) return source;
  const input = (value['input'] as readonly unknown[]).filter(
    (item) => !isObject(item) || typeof item[field] !== 'string' || !isForeign(item[field]),
  );
  const stripped = Buffer.from(JSON.stringify({ ...value, input }));
  return { body: stripped, peek: protocol.peek.request(stripped, snapshot.limits, incoming) };
}

const field = 'encrypted_content';
const pattern = /"encrypted_content"\s*:\s*"([^"\\]+(?:\\.[^"\\]*)*)"/g;

// Proofs are Base64, some writers escape its slashes. Inside of strings the quotes have backslashes in front.
function listProofs(text: string): readonly string[] {
  return [...text.matchAll(pattern)].map(([, proof]) => proof!.replaceAll('\\/', '/'));
}

const shared = new WeakMap<Snapshot, boolean>();

/** Whether more than one provider of this configuration speaks the wire. */
function isShared(snapshot: Snapshot): boolean {
  let known = shared.get(snapshot);
  if (known === undefined) {
    const speaks = snapshot.providers
      .values()
      .filter(({ endpoints }) => endpoints.some(({ protocol }) => protocol === 'openai-responses'));
    known = speaks.length > 1;
    shared.set(snapshot, known);
  }
  return known;
}
