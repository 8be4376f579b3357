// Some servers send the whole text so far instead of what is new. Three pieces in a row at the very start of a stream,
// each beginning with all of the one before, prove it; until then at most one suspicious piece is held back.

export interface SnapshotFilter {
  /** What is new in this piece. */
  push(piece: string): string;
  /** A held piece, when the stream ends before it was clear what it is. */
  end(): string;
}

export function createSnapshotFilter(): SnapshotFilter {
  let state: 'first' | 'second' | 'held' | 'plain' | 'snapshots' = 'first';
  let seen = '';
  let held = '';

  return {
    push(piece) {
      if (state === 'plain') return piece;
      switch (state) {
        case 'first':
          seen = piece;
          state = 'second';
          return piece;
        case 'second':
          if (!grows(piece, seen)) return settle(piece);
          held = piece;
          state = 'held';
          return '';
        case 'held': {
          if (!grows(piece, held)) return settle(held + piece);
          const added = piece.slice(seen.length);
          seen = piece;
          state = 'snapshots';
          return added;
        }
        case 'snapshots': {
          if (!piece.startsWith(seen)) return piece;
          const added = piece.slice(seen.length);
          seen = piece;
          return added;
        }
      }
    },
    end: () => (state === 'held' ? settle(held) : ''),
  };

  function settle(text: string): string {
    state = 'plain';
    seen = '';
    held = '';
    return text;
  }
}

function grows(piece: string, before: string): boolean {
  return piece.length > before.length && piece.startsWith(before);
}
