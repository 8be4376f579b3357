// At most four places of a request may be marked for the prompt cache, the automatic one included. Marks of messages
// give way first, the oldest of them; those of tools and system text, which serve every turn, last.
import type { CachePolicy } from '../../ir/cache.ts';
import type { LossReport } from '../../ir/loss.ts';
import type { WireBlock, WireMessage } from './wire.ts';

const most = 4;

/** Removes marks past the limit in place; true when the request shall carry the automatic mark. */
export function limitMarks(
  system: readonly WireBlock[],
  tools: readonly WireBlock[],
  messages: readonly WireMessage[],
  policy: CachePolicy,
  marksAllowed: boolean,
  loss: LossReport,
): boolean {
  const isMarked = (block: WireBlock): boolean => block.cache_control !== undefined;
  const told = messages.flatMap(({ content }) => content.flatMap(withInner));
  const spoken = told.filter(isMarked);
  const fixed = [...tools.filter(isMarked), ...system.filter(isMarked)];
  const all = [...spoken, ...fixed];
  if (!marksAllowed) {
    for (const block of all) delete block.cache_control;
    return false;
  }
  const allowed = most - (policy.automatic ? 1 : 0);
  const surplus = all.slice(0, Math.max(0, all.length - allowed));
  if (surplus.length > 0) loss.add('cache', `only ${most} places may be marked`);
  for (const block of surplus) delete block.cache_control;
  keepLongFirst([...tools, ...system, ...told].filter(isMarked));
  return policy.automatic;
}

/** What a tool's result holds may be marked as well. */
function withInner(block: WireBlock): readonly WireBlock[] {
  const { content } = block;
  return block.type === 'tool_result' && Array.isArray(content)
    ? [...(content as WireBlock[]), block]
    : [block];
}

/** Marks that live longer must stand before those that live shorter. */
function keepLongFirst(marked: readonly WireBlock[]): void {
  let short = false;
  for (const block of marked) {
    if (block.cache_control?.ttl !== '1h') short = true;
    else if (short) block.cache_control = { type: 'ephemeral' };
  }
}
