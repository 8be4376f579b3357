// What every wire with `model` and `stream` at the top of its body reads and splices alike.
import { GatewayError } from '../errors.ts';
import { optionalField } from '../lib/json-fields.ts';
import { isTrueAt, numberAt, stringAt, type JsonSpan } from '../lib/json-scan.ts';
import { applyEdits, insertMembers, type Edit } from '../lib/json-splice.ts';
import { quoteName } from '../lib/quote-name.ts';
import type { RequestPeek, SpliceEdits } from './protocol.ts';

/** The name in the model's span. Throws GatewayError 400 for an empty one. */
export function readModel(body: Uint8Array, modelSpan: JsonSpan): string {
  const model = stringAt(body, modelSpan);
  if (model === '') throw new GatewayError('invalid_body', '"model" is empty.', { param: 'model' });
  return model;
}

/**
 * The peek of a chat that streams only where it says so. `limits` are the members that bound its answer; the first that
 * is there counts. Throws GatewayError 400 for members of another type.
 */
export function peekFlat(
  body: Uint8Array,
  spans: RequestPeek['spans'],
  {
    model,
    modelSpan,
    reportsUsage,
  }: { readonly model: string; readonly modelSpan: JsonSpan; readonly reportsUsage: boolean },
  limits: readonly string[],
): RequestPeek {
  const streamSpan = optionalField(body, spans.stream, 'stream', 'boolean');
  let limit: JsonSpan | undefined;
  for (const name of limits) limit ??= optionalField(body, spans[name], name, 'number');
  const stream = streamSpan !== undefined && isTrueAt(body, streamSpan);
  const inputTokens = Math.ceil(body.length / 4);
  const peek: RequestPeek = { model, modelSpan, stream, reportsUsage, spans, inputTokens };
  return limit ? { ...peek, maxOutputTokens: numberAt(body, limit) } : peek;
}

/** The body as pieces: another model, `stream: true`, and members at its start. `more`: one edit or member of the wire's own. */
export function spliceBody(
  body: Uint8Array,
  { spans, modelSpan }: Pick<RequestPeek, 'spans' | 'modelSpan'>,
  wanted: SpliceEdits,
  more?: Edit | string,
): readonly Uint8Array[] {
  const edits: Edit[] = [];
  const members: string[] = [];
  if (wanted.model !== undefined && modelSpan) edits.push({ ...modelSpan, text: quoteName(wanted.model) });
  if (wanted.stream) {
    if (spans['stream']) edits.push({ ...spans['stream'], text: 'true' });
    else members.push('"stream":true');
  }
  if (typeof more === 'string') members.push(more);
  else if (more) edits.push(more);
  if (wanted.insert !== undefined) members.push(wanted.insert);
  if (members.length > 0) edits.push(insertMembers(body, 0, members.join(',')));
  return applyEdits(body, edits);
}
