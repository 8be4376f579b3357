// Takes back what the gateway sealed into a client's history, before another upstream reads it: reasoning of other
// providers goes, a summary that we made is said in words. A body without seals is not touched; one byte search says so.
import { isSealed, mayHoldSeal } from '../../ir/proof.ts';
import { encodeUtf8, utf8 } from '../../lib/bytes.ts';
import { isObject, parseJson } from '../../lib/json.ts';
import { readCompaction } from './compaction.ts';

/** The body without sealed items, or undefined when it holds none. */
export function stripSealed(body: Uint8Array): Uint8Array | undefined {
  if (!mayHoldSeal(body)) return undefined;
  const value = parseJson(utf8(body));
  if (!isObject(value) || !Array.isArray(value['input'])) return undefined;
  let found = false;
  const input = (value['input'] as unknown[]).flatMap((item): unknown[] => {
    if (!isSealedItem(item)) return [item];
    found = true;
    const text = readCompaction(item);
    return text === undefined ? [] : [{ role: 'user', content: [{ type: 'input_text', text }] }];
  });
  return found ? encodeUtf8(JSON.stringify({ ...value, input })) : undefined;
}

function isSealedItem(item: unknown): item is { readonly encrypted_content: string } {
  if (!isObject(item)) return false;
  const { type, encrypted_content: content } = item;
  return (type === 'reasoning' || type === 'compaction') && typeof content === 'string' && isSealed(content);
}
