// Reasons as JSON. Most requests are decided for the same few reasons: those are made once, with their text, and every
// request after that only names them.
import type { Reason } from './decision.ts';

const texts = new WeakMap<Reason, string>();

/** For a reason that lives as long as the configuration: its text is made now, and only now. */
export function keepReason(reason: Reason): Reason {
  texts.set(reason, JSON.stringify(reason));
  return reason;
}

/** The list as JSON. */
export function renderReasons(reasons: readonly Reason[]): string {
  let list = '';
  for (const reason of reasons) {
    const text = texts.get(reason) ?? JSON.stringify(reason);
    list = list === '' ? text : `${list},${text}`;
  }
  return `[${list}]`;
}
