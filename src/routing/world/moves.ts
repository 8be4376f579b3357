// State follows its names: what a rename in `moved` makes of the id that a piece of the world is kept by. Pure; applying
// the same rename twice changes nothing more.
import { parsePointer } from '../../lib/json-pointer.ts';

/** An entry of `moved`: pointers such as `/combos/coding` or `/providers/x/connections/id:a`. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** The id under which a slice of this kind is kept after the rename; the same id where it is not meant. */
export function moveId(kind: string, id: string, move: Move): string {
  const [section, old = '', list, item] = parsePointer(move.from);
  const [, next = '', , nextItem] = parsePointer(move.to);
  if (section === 'combos') return kind === 'rotation' && id === old ? next : id;
  if (section === 'budgets')
    return kind === 'spend' && id.startsWith(`${idOf(old)} `) ? idOf(next) + id.slice(idOf(old).length) : id;
  if (section !== 'providers' || !namesProviders.has(kind)) return id;
  if (list === undefined) {
    // `provider`, `provider@connection`, `provider/model`: a combo of the same name keeps its place.
    if (id === old) return kind === 'rotation' ? id : next;
    return id.startsWith(`${old}@`) || id.startsWith(`${old}/`) ? next + id.slice(old.length) : id;
  }
  const account = `${old}@${item?.slice('id:'.length)}`;
  if (id !== account && !id.startsWith(`${account} `)) return id;
  return `${next}@${nextItem?.slice('id:'.length)}${id.slice(account.length)}`;
}

/** `id:monthly` → `monthly`. */
function idOf(segment: string): string {
  return segment.startsWith('id:') ? segment.slice('id:'.length) : segment;
}

/** Kinds whose ids begin with a provider; addresses and sessions are named by nobody. */
const namesProviders = new Set([
  'rotation',
  'cooldown',
  'breaker',
  'latency',
  'uses',
  'quota',
  'retry-budget',
]);
