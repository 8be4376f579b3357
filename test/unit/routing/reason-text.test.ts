import { expect, it } from 'vitest';
import type { Reason } from '../../../src/routing/decision.ts';
import { keepReason, renderReasons } from '../../../src/routing/reason-text.ts';

const make = (message: string): Reason => ({ code: 'policy-prefer', message });

it('is the JSON of the list, also of one that begins, ends or is as long as a list before', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((message) => keepReason(make(message)));
  const fresh = make('made for one request');
  const lists = [
    [],
    [a!],
    [a!, b!],
    [a!, b!],
    [c!, b!],
    [b!],
    [a!, b!],
    [a!, fresh, b!],
    [a!, fresh],
    [fresh],
  ];
  for (const list of lists) expect(renderReasons(list)).toBe(JSON.stringify(list));
});

it('reads a reason that was not kept anew each time', () => {
  const reason = { code: 'policy-prefer', message: 'before' } satisfies Reason;
  expect(renderReasons([reason])).toContain('before');
  reason.message = 'after';
  expect(renderReasons([reason])).toContain('after');
});
