// What every wire with `model` and `stream` at the top of its body splices alike.
import { applyEdits, insertMembers } from '../lib/json-splice.ts';
import { quoteName } from '../lib/quote-name.ts';
import type { Edit } from '../lib/json-splice.ts';
import type { RequestPeek, SpliceEdits } from './protocol.ts';

/** The body as pieces: another model, `stream: true`, and members at its start. */
export function spliceBody(
  body: Uint8Array,
  { spans, modelSpan }: Pick<RequestPeek, 'spans' | 'modelSpan'>,
  wanted: SpliceEdits,
): readonly Uint8Array[] {
  const edits: Edit[] = [];
  const members: string[] = [];
  if (wanted.model !== undefined && modelSpan) edits.push({ ...modelSpan, text: quoteName(wanted.model) });
  if (wanted.stream) {
    if (spans['stream']) edits.push({ ...spans['stream'], text: 'true' });
    else members.push('"stream":true');
  }
  if (wanted.insert !== undefined) members.push(wanted.insert);
  if (members.length > 0) edits.push(insertMembers(body, 0, members.join(',')));
  return applyEdits(body, edits);
}
