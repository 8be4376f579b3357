// Takes back what the gateway sealed into a client's history, before Google reads it: signatures of other providers. A
// body without seals is not touched; one byte search says so.
import { isSealed, mayHoldSeal } from '../../ir/proof.ts';
import { encodeUtf8, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { foreignCall } from './signatures.ts';

/** The body without sealed signatures, or undefined when it holds none. */
export function stripSealed(body: Uint8Array): Uint8Array | undefined {
  if (!mayHoldSeal(body)) return undefined;
  const value = parseJson(utf8(body));
  const stripped = isObject(value) ? stripSignatures(value, isSealed) : undefined;
  return stripped && encodeUtf8(JSON.stringify(stripped));
}

/** The body without the signatures that are not the reader's; undefined when there is none of them. */
export function stripSignatures(
  body: JsonObject,
  isForeign: (signature: string) => boolean,
): JsonObject | undefined {
  if (!Array.isArray(body['contents'])) return undefined;
  const before = body['contents'] as unknown[];
  const after = before.map((content) => stripContent(content, isForeign));
  if (after.every((content, index) => content === before[index])) return undefined;
  return { ...body, contents: after.filter((content) => content !== undefined) };
}

/** Undefined when nothing is left of the content: an empty one would be refused. */
function stripContent(content: unknown, isForeign: (signature: string) => boolean): unknown {
  if (!isObject(content) || !Array.isArray(content['parts'])) return content;
  const before = content['parts'] as unknown[];
  const after = before.map((part) => stripPart(part, isForeign));
  if (after.every((part, index) => part === before[index])) return content;
  const parts = after.filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : { ...content, parts };
}

function stripPart(part: unknown, isForeign: (signature: string) => boolean): unknown {
  if (!isObject(part)) return part;
  const name = part['thoughtSignature'] === undefined ? 'thought_signature' : 'thoughtSignature';
  const { [name]: slot, ...bare } = part;
  if (typeof slot !== 'string' || !isForeign(slot)) return part;
  const isCall = isObject(part['functionCall']) || isObject(part['function_call']);
  // A call without any signature would be refused by newer models.
  if (isCall) return { ...bare, thoughtSignature: foreignCall };
  const says = Object.keys(bare).some((key) => key !== 'thought' && key !== 'text') || hasText(bare);
  return says && bare['thought'] !== true ? bare : undefined;
}

function hasText({ text }: JsonObject): boolean {
  return typeof text === 'string' && text !== '';
}
