// Blocks of an answer may be open side by side; a wire that tells one after the other gets them in the order in which they
// began. What belongs to a later block waits until the ones before it are closed.
import type { AnswerEvent } from './events.ts';

/** Events of one block. */
export type BlockEvent = Extract<AnswerEvent, { id: number }>;

export interface Order {
  write(event: BlockEvent): void;
  /** The answer is at an end: what still waits is told. */
  drain(): void;
}

export function createOrder(emit: (event: BlockEvent) => void): Order {
  const open = new Set<number>();
  const waiting = new Map<number, BlockEvent[]>();
  let current: number | undefined;

  return {
    write(event) {
      if (isStart(event)) open.add(event.id);
      // A word about a block that is closed comes too late.
      else if (!open.has(event.id)) return;
      if (isEnd(event)) open.delete(event.id);
      if (current === undefined || current === event.id) pass(event);
      else wait(event);
    },
    drain() {
      while (current !== undefined || waiting.size > 0) {
        current = undefined;
        flush();
      }
    },
  };

  function pass(event: BlockEvent): void {
    current = event.id;
    emit(event);
    if (!isEnd(event)) return;
    current = undefined;
    flush();
  }

  function wait(event: BlockEvent): void {
    const events = waiting.get(event.id);
    if (events === undefined) waiting.set(event.id, [event]);
    else events.push(event);
  }

  function flush(): void {
    for (const [id, events] of waiting) {
      if (current !== undefined) return;
      waiting.delete(id);
      for (const event of events) pass(event);
    }
  }
}

function isStart({ type }: BlockEvent): boolean {
  return type.endsWith('-start') || type === 'part-add';
}

function isEnd({ type }: BlockEvent): boolean {
  return type.endsWith('-end') || type === 'part-add';
}
