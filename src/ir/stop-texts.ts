// Texts that end an answer, for upstreams that know none: the answer is cut where one of them begins. What could be the
// beginning of one is held back until it is clear.

import type { AnswerEvent, AnswerListener } from './events.ts';

/** Wraps `emit`: after a hit no block begins, and the answer ends for that reason. Usage still counts all of it. */
export function createStopListener(stops: readonly string[], emit: AnswerListener): AnswerListener {
  const cutters = new Map<number, StopCutter>();
  let hit: string | undefined;
  const open = new Set<number>();

  return (event) => {
    if (event.type === 'text-start') cutters.set(event.id, createStopCutter(stops));
    if (event.type === 'answer-end')
      return emit(
        hit === undefined
          ? event
          : { type: 'answer-end', finish: { reason: 'stop-sequence', stopSequence: hit } },
      );
    if (!('id' in event) || typeof event.id === 'string') return emit(event);
    const isStart = event.type.endsWith('-start') || event.type === 'part-add';
    if (isStart && hit === undefined) open.add(event.id);
    if (!open.has(event.id)) return;
    if (event.type === 'text-delta') say(event.id, cutters.get(event.id)?.push(event.text) ?? event.text);
    else {
      if (event.type === 'text-end') say(event.id, cutters.get(event.id)?.end() ?? '');
      emit(event as AnswerEvent);
    }
    hit ??= cutters.get(event.id)?.hit;
    if (event.type.endsWith('-end')) cutters.delete(event.id);
  };

  function say(id: number, text: string): void {
    if (text !== '' && hit === undefined) emit({ type: 'text-delta', id, text });
  }
}

export interface StopCutter {
  /** The text that may go on now. */
  push(text: string): string;
  /** What was held back, when the text ends without a hit. */
  end(): string;
  /** The stop text that was hit; nothing goes on then. */
  readonly hit: string | undefined;
}

/** `stops`: none of them empty. */
export function createStopCutter(stops: readonly string[]): StopCutter {
  const longest = Math.max(...stops.map((stop) => stop.length));
  let held = '';
  let hit: string | undefined;
  return {
    push(text) {
      if (hit !== undefined) return '';
      held += text;
      const found = findFirst(held, stops);
      if (found !== undefined) {
        hit = found.stop;
        return held.slice(0, found.at);
      }
      const keep = lengthOfBeginning(held, stops, longest);
      const ready = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return ready;
    },
    end() {
      const rest = hit === undefined ? held : '';
      held = '';
      return rest;
    },
    get hit() {
      return hit;
    },
  };
}

/** The stop text that is whole first, as if the text came letter by letter; of two the longer. */
function findFirst(
  text: string,
  stops: readonly string[],
): { readonly at: number; readonly stop: string } | undefined {
  let first: { readonly at: number; readonly stop: string; readonly end: number } | undefined;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    const end = at + stop.length;
    if (at !== -1 && (first === undefined || end < first.end || (end === first.end && at < first.at)))
      first = { at, stop, end };
  }
  return first;
}

/** How many characters at the end of `text` could be the beginning of a stop text. */
function lengthOfBeginning(text: string, stops: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const tail = text.slice(text.length - length);
    if (stops.some((stop) => stop.startsWith(tail))) return length;
  }
  return 0;
}
