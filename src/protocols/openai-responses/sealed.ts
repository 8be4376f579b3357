// Takes back what the gateway sealed into a client's history, before another upstream reads it: reasoning items whose
// encrypted content is another provider's. A body without seals is not touched; one byte search says so.
import { isSealed } from '../../ir/proof.ts';
import { encodeUtf8, findText, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';

/** The body without sealed items, or undefined when it holds none. */
export function stripSealed(body: Uint8Array, prefix: string): Uint8Array | undefined {
  if (findText(body, prefix) === -1) return undefined;
  const value = parseJson(utf8(body));
  if (!isObject(value) || !Array.isArray(value['input'])) return undefined;
  const before = value['input'] as unknown[];
  const input = before.filter((item) => !isSealedItem(item));
  return input.length === before.length ? undefined : encodeUtf8(JSON.stringify({ ...value, input }));
}

function isSealedItem(item: unknown): boolean {
  if (!isObject(item)) return false;
  const { type, encrypted_content: content } = item;
  return (type === 'reasoning' || type === 'compaction') && typeof content === 'string' && isSealed(content);
}
