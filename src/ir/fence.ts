// Removes one Markdown fence around a whole text, while it streams. Text that does not begin with a fence is passed on
// at once from its first other character.

export interface FenceStripper {
  /** The text that may go on now. */
  push(text: string): string;
  /** What was held back in case a closing fence came. */
  end(): string;
}

const closing = /\n?```\s*$/;
/** A closing fence, the line end before it and some blanks after it. */
const longestClosing = 16;

export function createFenceStripper(): FenceStripper {
  let state: 'start' | 'fenced' | 'plain' = 'start';
  let held = '';
  return {
    push(text) {
      if (state === 'plain') return text;
      held += text;
      if (state === 'start') {
        const begin = held.trimStart();
        if (
          begin === '' ||
          ('```'.startsWith(begin.slice(0, 3)) && !begin.includes('\n') && begin.length < 32)
        )
          return '';
        if (!begin.startsWith('```') || !begin.includes('\n')) {
          state = 'plain';
          const all = held;
          held = '';
          return all;
        }
        state = 'fenced';
        held = begin.slice(begin.indexOf('\n') + 1);
      }
      if (held.length <= longestClosing) return '';
      const ready = held.slice(0, -longestClosing);
      held = held.slice(-longestClosing);
      return ready;
    },
    end() {
      const rest = state === 'fenced' ? held.replace(closing, '') : held;
      held = '';
      return rest;
    },
  };
}
