import { describe, expect, it } from 'vitest';
import { classifyChanges } from '../../../src/control/reload-kinds.ts';

const kinds = { '/server/listen': 'rebind', '/storage': 'restart', '/providers/*/pool': 'restart' } as const;

describe('classifyChanges', () => {
  it('names only marked pointers whose value differs', () => {
    const before = {
      server: { listen: 'a', cors: 1 },
      storage: { path: 'x' },
      providers: { p: { pool: 1 }, q: { pool: 2 } },
    };
    const after = {
      server: { listen: 'b', cors: 2 },
      storage: { path: 'x' },
      providers: { p: { pool: 3 }, q: { pool: 2 } },
    };
    expect(classifyChanges(before, after, kinds)).toEqual({
      rebind: ['/server/listen'],
      restart: ['/providers/p/pool'],
    });
  });

  it('sees entries that appear or vanish, and escapes their names', () => {
    const before = { providers: {} };
    const after = { providers: { 'a/b': { pool: 1 }, __proto__x: { pool: 2 } } };
    expect(classifyChanges(before, after, kinds).restart).toEqual([
      '/providers/__proto__x/pool',
      '/providers/a~1b/pool',
    ]);
    expect(classifyChanges(after, before, kinds).restart).toHaveLength(2);
  });

  it('does not take key order for a change', () => {
    expect(classifyChanges({ storage: { a: 1, b: 2 } }, { storage: { b: 2, a: 1 } }, kinds).restart).toEqual(
      [],
    );
  });
});
