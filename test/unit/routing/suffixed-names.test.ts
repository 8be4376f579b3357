// A name with a suffix ([1m], -thinking) is the same name to every rule: it opens no way around one, and closes none.
import { expect, it } from 'vitest';
import { decide } from '../../../src/routing/decide.ts';
import { listSpellings } from '../../../src/routing/resolve.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { makeSnapshot } from '../../support/config.ts';
import { makeFacts } from '../../support/routing.ts';

const snapshot = makeSnapshot({
  providers: { openai: {}, anthropic: { models: ['claude-opus-5', 'kimi-k2', 'kimi-k2-thinking'] } },
  aliases: { quick: 'anthropic/claude-opus-5' },
  combos: { coding: { targets: ['anthropic/claude-opus-5'] }, other: { targets: ['anthropic/kimi-k2'] } },
  policies: [
    { id: 'no-names', match: { models: ['coding', 'quick', 'anthropic/kimi-k2'] }, deny: 'no' },
    { id: 'detour', match: { models: ['other'] }, route: 'coding' },
  ],
});

function ask(model: string, models?: readonly string[]): string {
  const principal = { ...makeFacts(model).principal, ...(models && { models }) };
  const decision = decide({
    snapshot,
    facts: makeFacts(model, { principal }),
    world: createWorld(),
    now: 0,
    random: () => 0,
  });
  return decision.kind === 'route'
    ? decision.attempts.map(({ target }) => target).join()
    : `${decision.code}: ${decision.message}`;
}

it.each([
  'coding',
  'coding[1m]',
  'coding[1M]',
  'coding-thinking',
  'coding-thinking[1m]',
  'quick[1m]',
  'quick-thinking',
])('what policies deny by name is denied as %s', (model) => {
  expect(ask(model)).toBe('denied_by_policy: no');
});

it('a route holds for every spelling', () => {
  for (const model of ['other', 'other[1m]', 'other-thinking'])
    expect(ask(model)).toBe('anthropic/claude-opus-5');
});

it('a model whose own name ends like a suffix is another model', () => {
  expect(ask('anthropic/kimi-k2')).toBe('denied_by_policy: no');
  expect(ask('anthropic/kimi-k2-thinking')).toBe('anthropic/kimi-k2-thinking');
});

it('a key that may use a name may use it with its suffixes, and nothing else', () => {
  const plain = 'anthropic/claude-opus-5';
  for (const model of [plain, `${plain}[1m]`, `${plain}-thinking`, `${plain}-thinking[1m]`]) {
    expect(ask(model, [plain])).toBe(plain);
    expect(ask(model, ['coding'])).toMatch(/^model_not_allowed/);
  }
});

it('only what the name itself holds is cut off', () => {
  expect(listSpellings('a', [])).toEqual(['a']);
  expect(listSpellings('a', ['1m', 'thinking'])).toEqual(['a', 'a']);
  expect(listSpellings('a-thinking[1m]', ['1m', 'thinking'])).toEqual(['a-thinking[1m]', 'a-thinking', 'a']);
});
