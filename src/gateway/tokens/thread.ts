// The tokenizer's thread: texts in, a number out, one job after the other.
import { parentPort } from 'node:worker_threads';
import { countTexts } from './encoding.ts';

/** What the thread is asked. */
export interface Job {
  readonly id: number;
  readonly texts: readonly string[];
}

/** What it answers. */
export type Counted = { readonly id: number } & ({ readonly tokens: number } | { readonly fault: string });

const port = parentPort!;

port.on('message', ({ id, texts }: Job) => {
  port.postMessage(count(id, texts));
});

function count(id: number, texts: readonly string[]): Counted {
  try {
    return { id, tokens: countTexts(texts) };
  } catch (error) {
    return { id, fault: String(error) };
  }
}
