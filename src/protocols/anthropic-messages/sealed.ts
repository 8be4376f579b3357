// Takes back what the gateway sealed into a client's history, before real Anthropic reads it: thinking blocks and
// citations of other providers. A body without seals is not touched; one byte search says so.
import { isSealed, mayHoldSeal } from '../../ir/proof.ts';
import { encodeUtf8, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** The body without sealed blocks, or undefined when it holds none. */
export function stripSealed(body: Uint8Array): Uint8Array | undefined {
  if (!mayHoldSeal(body)) return undefined;
  const value = parseJson(utf8(body));
  if (!isObject(value) || !Array.isArray(value['messages'])) return undefined;
  const before = value['messages'] as unknown[];
  const after = before.map(stripMessage);
  if (after.every((message, index) => message === before[index])) return undefined;
  const messages = after.filter((message) => message !== undefined);
  return encodeUtf8(JSON.stringify({ ...value, messages }));
}

/** Undefined when nothing is left of the message: an empty one would be refused. */
function stripMessage(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message['content'])) return message;
  const before = message['content'] as unknown[];
  const content = before.filter((block) => !isSealedThinking(block)).map(stripCitations);
  if (content.length === before.length && content.every((block, index) => block === before[index]))
    return message;
  return content.length === 0 && before.length > 0 ? undefined : { ...message, content };
}

function isSealedThinking(block: unknown): boolean {
  if (!isObject(block)) return false;
  const proof =
    block['type'] === 'thinking'
      ? block['signature']
      : block['type'] === 'redacted_thinking' && block['data'];
  return typeof proof === 'string' && isSealed(proof);
}

function stripCitations(block: unknown): unknown {
  if (!isObject(block) || !Array.isArray(block['citations'])) return block;
  const citations = (block['citations'] as unknown[]).filter(
    (citation) => !isObject(citation) || !isSealedText(citation['encrypted_index']),
  );
  if (citations.length === (block['citations'] as unknown[]).length) return block;
  const { citations: _, ...bare } = block as JsonObject & { citations: unknown };
  return citations.length === 0 ? bare : { ...block, citations };
}

function isSealedText(value: unknown): boolean {
  return typeof value === 'string' && isSealed(value);
}
