// Bookkeeping that every decoder of a streamed answer needs: which block is open, and under which number.
import type { AnswerListener } from './events.ts';
import type { Proof } from './proof.ts';
import { createSnapshotFilter } from './snapshots.ts';
import type { SnapshotFilter } from './snapshots.ts';

export type FlowKind = 'text' | 'reasoning' | 'refusal';

export interface Blocks {
  /** A number for a block that the caller opens itself. */
  next(): number;
  /** Appends to the open block of this kind; another kind closes what is open and opens a new one. */
  append(kind: FlowKind, text: string): void;
  /** Closes what is open. */
  close(proof?: Proof): void;
  /** The kind that is open. */
  readonly open: FlowKind | undefined;
  /** Number of the last text block, where citations belong. */
  readonly lastText: number | undefined;
}

export function createBlocks(emit: AnswerListener): Blocks {
  let count = 0;
  let open: FlowKind | undefined;
  let id = -1;
  let lastText: number | undefined;
  const filters: { readonly [kind in FlowKind]: SnapshotFilter } = {
    text: createSnapshotFilter(),
    reasoning: createSnapshotFilter(),
    refusal: createSnapshotFilter(),
  };

  return {
    next: () => count++,
    append(kind, piece) {
      const text = piece === '' ? '' : filters[kind].push(piece);
      if (open !== kind) {
        close();
        start(kind);
      }
      if (text !== '') delta(kind, text);
    },
    close,
    get open() {
      return open;
    },
    get lastText() {
      return lastText;
    },
  };

  function start(kind: FlowKind): void {
    id = count++;
    open = kind;
    if (kind === 'text') {
      lastText = id;
      emit({ type: 'text-start', id });
    } else if (kind === 'reasoning') emit({ type: 'reasoning-start', id });
    else emit({ type: 'refusal-start', id });
  }

  function delta(kind: FlowKind, text: string): void {
    if (kind === 'text') emit({ type: 'text-delta', id, text });
    else if (kind === 'reasoning') emit({ type: 'reasoning-delta', id, text });
    else emit({ type: 'refusal-delta', id, text });
  }

  function close(proof?: Proof): void {
    if (open === undefined) return;
    const rest = filters[open].end();
    if (rest !== '') delta(open, rest);
    if (open === 'text') emit({ type: 'text-end', id });
    else if (open === 'refusal') emit({ type: 'refusal-end', id });
    else emit(proof === undefined ? { type: 'reasoning-end', id } : { type: 'reasoning-end', id, proof });
    open = undefined;
  }
}
