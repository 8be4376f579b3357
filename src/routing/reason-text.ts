// Reasons as JSON. Most requests are decided for the same few reasons: those are made once, with their text, and every
// request after that only names them.
import type { Reason } from './decision.ts';

const texts = new WeakMap<Reason, string>();
const lists = new WeakMap<readonly Reason[], string>();

/** For a reason that lives as long as the configuration: its text is made now, and only now. */
export function keepReason(reason: Reason): Reason {
  texts.set(reason, JSON.stringify(reason));
  return reason;
}

/** The same for a whole list, which must not change any more. */
export function keepReasons(reasons: readonly Reason[]): void {
  lists.set(reasons, renderReasons(reasons));
}

/** The list as JSON. */
export function renderReasons(reasons: readonly Reason[]): string {
  const known = lists.get(reasons);
  if (known !== undefined) return known;
  let list = '';
  for (const reason of reasons) {
    const text = texts.get(reason) ?? JSON.stringify(reason);
    list = list === '' ? text : `${list},${text}`;
  }
  return `[${list}]`;
}
