// Whose proof of reasoning a bare `encrypted_content` or `thoughtSignature` is. Nothing in the value says it, clients carry
// it from turn to turn, and a fallback may lead the next turn to another provider of the same wire: what passes through is
// noted by digest, and kept from everybody but its issuer. In memory; what is unknown travels as it is.
import { hash } from 'node:crypto';
import type { UpstreamFailure } from '../errors.ts';
import { findText, latin1, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson, type JsonObject } from '../lib/json.ts';
import type { ProtocolName } from '../protocols/capabilities.ts';
import { stripSignatures } from '../protocols/gemini/sealed.ts';
import type { AnswerPipe } from '../protocols/protocol.ts';
import type { Attempt } from '../routing/decision.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import type { Source } from './recall.ts';
import { retainable } from './retainable.ts';
import type { PreparedCall } from './translate.ts';
import { watchPipe } from './watch-pipe.ts';

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
  const { name } = exchange.protocol;
  const slot = slots[name];
  const passed = slot !== undefined && call.wire.name === name;
  if (!passed || !isShared(exchange.snapshot, name) || !retainable(exchange)) return call;
  const note = (text: string): void => {
    for (const proof of listProofs(text, slot)) gateway.proofs.note(proof, provider.id);
  };
  const { pipe } = call;
  return { ...call, pipe: exchange.stream ? watchFrames(pipe, slot, note) : watchWhole(pipe, slot, note) };
}

// Whole frames only: no proof is cut in two.
function watchFrames(pipe: AnswerPipe, { field }: Slot, note: (text: string) => void): AnswerPipe {
  return watchPipe(pipe, ({ output }) => {
    for (const piece of output) {
      if (typeof piece === 'string') note(piece);
      else if (findText(piece, field) >= 0) note(latin1(piece));
    }
  });
}

function watchWhole(pipe: AnswerPipe, { field }: Slot, note: (text: string) => void): AnswerPipe {
  const pieces: Uint8Array[] = [];
  return watchPipe(
    pipe,
    ({ output }) => {
      for (const piece of output) if (typeof piece !== 'string') pieces.push(piece);
    },
    () => {
      const body = Buffer.concat(pieces.splice(0));
      if (findText(body, field) >= 0) note(latin1(body));
    },
  );
}

/** The body without reasoning that somebody else than this provider proved, or that it has refused already. */
export function withoutForeign(
  { proofs }: Gateway,
  { protocol, snapshot, incoming, distrusted }: Exchange,
  { provider, connection }: Attempt,
  source: Source,
): Source {
  const { body } = source;
  const slot = slots[protocol.name];
  const refused = distrusted === connection.key;
  if (!slot || !(refused || isShared(snapshot, protocol.name))) return source;
  if (findText(body, slot.field) < 0) return source;
  const isForeign = (proof: string): boolean => refused || (proofs.of(proof) ?? provider.id) !== provider.id;
  if (!listProofs(latin1(body), slot).some(isForeign)) return source;
  const value = parseJson(utf8(body));
  const cleaned = isObject(value) ? slot.strip(value, isForeign) : undefined;
  if (cleaned === undefined) return source;
  const stripped = Buffer.from(JSON.stringify(cleaned));
  return { body: stripped, peek: protocol.peek.request(stripped, snapshot.limits, incoming) };
}

/**
 * Whether the upstream refuses a proof that it should have known (of another account, or of before a restart): the same
 * attempt is then worth one more call without any.
 */
export function distrust(
  exchange: Exchange,
  { connection, endpoint }: Attempt,
  failure: UpstreamFailure,
): boolean {
  const { protocol, body, distrusted } = exchange;
  const slot = slots[protocol.name];
  if (!slot?.refusal || endpoint.protocol !== protocol.name || distrusted === connection.key) return false;
  if (failure.status !== 400 || !slot.refusal.test(`${failure.code} ${failure.message}`)) return false;
  if (findText(body!, slot.field) < 0) return false;
  exchange.distrusted = connection.key;
  return true;
}

/** Where a wire carries a bare proof. */
interface Slot {
  /** What every such place contains, whatever its spelling. */
  readonly field: string;
  readonly pattern: RegExp;
  /** How an upstream says, in code or words, that it cannot read one. */
  readonly refusal?: RegExp;
  /** The body without the proofs of others. */
  strip(body: JsonObject, isForeign: (proof: string) => boolean): JsonObject | undefined;
}

const slots: { readonly [wire in ProtocolName]?: Slot } = {
  'openai-responses': {
    field: 'encrypted_content',
    pattern: /"encrypted_content"\s*:\s*"([^"\\]+(?:\\.[^"\\]*)*)"/g,
    refusal: /encrypted[ _]content/i,
    strip(body, isForeign) {
      if (!Array.isArray(body['input'])) return undefined;
      const input = (body['input'] as readonly unknown[]).filter((item) => {
        const proof = isObject(item) ? item['encrypted_content'] : undefined;
        return typeof proof !== 'string' || !isForeign(proof);
      });
      return { ...body, input };
    },
  },
  gemini: {
    field: 'ignature"',
    pattern: /"thought(?:S|_s)ignature"\s*:\s*"([^"\\]+(?:\\.[^"\\]*)*)"/g,
    strip: stripSignatures,
  },
};

// Proofs are Base64, some writers escape its slashes or equal signs. Inside of strings the quotes have backslashes in front.
function listProofs(text: string, { pattern }: Slot): readonly string[] {
  return [...text.matchAll(pattern)].map(([, proof]) => {
    const plain = proof!.includes('\\') ? parseJson(`"${proof}"`) : proof;
    return typeof plain === 'string' ? plain : proof!;
  });
}

const shared = new WeakMap<Snapshot, Map<ProtocolName, boolean>>();

/** Whether more than one provider of this configuration speaks the wire. */
function isShared(snapshot: Snapshot, wire: ProtocolName): boolean {
  let known = shared.get(snapshot);
  if (!known) shared.set(snapshot, (known = new Map()));
  let answer = known.get(wire);
  if (answer === undefined) {
    const speaks = snapshot.providers
      .values()
      .filter(({ endpoints }) => endpoints.some(({ protocol }) => protocol === wire));
    answer = [...speaks].length > 1;
    known.set(wire, answer);
  }
  return answer;
}
