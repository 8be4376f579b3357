// What a translation could not say on the other side. An entry is made for every dropped or bent meaning; it ends in
// X-OmniRoute-Loss and in the trace, or in a refusal under `onLoss: reject`.
import { GatewayError } from '../errors.ts';
import type { Extensions } from './extensions.ts';

export interface Loss {
  /** Where in the request, in the words of this folder: `sampling.seed`, `messages[2].parts[0]`. */
  readonly path: string;
  /** One clause, for a person: why it was dropped or what it became. */
  readonly reason: string;
}

/** Collects losses of one translation; the same path is kept once. */
export interface LossReport {
  add(path: string, reason: string): void;
  readonly entries: readonly Loss[];
}

export function createLossReport(): LossReport {
  const entries: Loss[] = [];
  const paths = new Set<string>();
  return {
    add(path, reason) {
      if (paths.has(path)) return;
      paths.add(path);
      entries.push({ path, reason });
    },
    entries,
  };
}

/** Fields by which a provider remembers a conversation: dropping one would answer another question. */
const stateful: ReadonlySet<string> = new Set([
  'thread',
  'previous_response_id',
  'conversation',
  'background',
  'prompt',
]);

/** The same of one wire alone, where the name could mean anything elsewhere: what else stands in the prompt, and how. */
const unexchangeable: Readonly<Record<string, ReadonlySet<string>>> = {
  ollama: new Set(['context', 'suffix', 'raw']),
  gemini: new Set(['cachedContent', 'continuationToken']),
};

/** Reports every extension that `wire` does not own. Throws GatewayError for those that cannot be left out. */
export function reportForeign(
  extensions: Extensions | undefined,
  wire: string,
  at: string,
  loss: LossReport,
): void {
  if (extensions === undefined) return;
  for (const [owner, fields] of Object.entries(extensions)) {
    if (owner === wire) continue;
    for (const [key, value] of Object.entries(fields)) {
      const isMeant = at === '' && value !== null && value !== false;
      if (isMeant && stateful.has(key)) refuse(key, `only ${owner} keeps this state`);
      if (isMeant && unexchangeable[owner]?.has(key)) refuse(key, `only ${owner} can do this`);
      loss.add(at === '' ? key : `${at}.${key}`, `only ${owner} knows it`);
    }
  }
}

/** Refuses what cannot be dropped without changing the shape or the content of the conversation. */
export function refuse(path: string, reason: string): never {
  throw new GatewayError('unsupported_feature', `${path}: ${reason}`, { param: path });
}
