// Citations of Anthropic ⇄ the hub.
import type { Citation } from '../../ir/parts.ts';
import { sealProof, isSealed } from '../../ir/proof.ts';
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { wire } from './wire.ts';

/** Undefined for what is no citation. */
export function decodeCitation(value: unknown): Citation | undefined {
  if (!isObject(value) || typeof value['type'] !== 'string') return undefined;
  const url =
    text(value['url']) ?? (value['type'] === 'search_result_location' ? text(value['source']) : undefined);
  const index = value['encrypted_index'];
  // Our own seal only says that another vendor cited this; it must not look like Anthropic's on the way back.
  const raw = typeof index === 'string' && isSealed(index) ? undefined : { wire, value };
  return defined({
    kind: url === undefined ? ('document' as const) : ('url' as const),
    url,
    title: text(value['title']) ?? text(value['document_title']),
    citedText: text(value['cited_text']),
    raw,
  });
}

/** Undefined for citations that have no form here. */
export function encodeCitation(citation: Citation): JsonObject | undefined {
  if (citation.raw?.wire === wire && isObject(citation.raw.value)) return citation.raw.value;
  if (citation.url === undefined) return undefined;
  return {
    type: 'web_search_result_location',
    url: citation.url,
    title: citation.title ?? null,
    cited_text: citation.citedText ?? '',
    encrypted_index: sealProof(undefined),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
