// What the readers of single output items share.
import type { AnswerListener } from '../../ir/events.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { DecodeContext } from '../protocol.ts';

export interface ItemContext extends DecodeContext {
  readonly emit: AnswerListener;
  /** A number for a block. */
  nextId(): number;
  /** The item is a call that the client must answer. */
  onCall(): void;
}

/** What a kind of item does; `end` is called once, without a value when the item's own end never came. */
export interface ItemKind {
  read(type: string, event: JsonObject): void;
  end(value: JsonObject | undefined): void;
}

/** Text that arrives in pieces and is told whole at the end. */
export function createRest(push: (text: string) => void): {
  add(piece: unknown): void;
  /** Adds what is missing of the whole; a whole that says something else comes too late. */
  settle(whole: unknown): void;
  readonly text: string;
} {
  let text = '';
  const add = (piece: unknown): void => {
    if (typeof piece !== 'string' || piece === '') return;
    text += piece;
    push(piece);
  };
  return {
    add,
    settle: (whole) =>
      void (typeof whole === 'string' && whole.startsWith(text) && add(whole.slice(text.length))),
    get text() {
      return text;
    },
  };
}

export function asList(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isObject) : [];
}
