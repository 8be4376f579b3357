import { expect, test } from 'vitest';
import type { Script } from '../../../src/upstream/sandbox/script.ts';
import { resolveScript, scripts } from '../../../src/upstream/sandbox/script.ts';

test('every built-in name resolves to its script', () => {
  for (const [name, { script, meaning }] of Object.entries(scripts)) {
    expect(resolveScript(name)).toEqual({ script });
    expect(meaning).toMatch(/\.$/);
  }
});

test.each([
  ['latency=1s', { latency: 1000 }],
  ['rate=50', { rate: 50 }],
  ['text=Hello%20you', { say: { kind: 'text', text: 'Hello you' } }],
  ['reasoning=hm', { reasoning: 'hm' }],
  ['stop=length', { stop: 'length' }],
  ['calls=2', { calls: 2 }],
  ['input=7', { usage: { input: 7 } }],
  ['output=0', { usage: { output: 0 } }],
  ['cached=9', { usage: { cacheRead: 9 } }],
])('a name may end in +%s', (modifier, change) => {
  expect(resolveScript(`script/text+${modifier}`)).toEqual({
    script: { ...scripts['script/text'].script, ...change },
  });
});

test('modifiers add up', () => {
  expect(resolveScript('echo+latency=5ms+input=1+output=2')).toEqual({
    script: { say: { kind: 'echo' }, latency: 5, usage: { input: 1, output: 2 } },
  });
  expect(resolveScript('script/error-429+retryAfter=9')).toMatchObject({
    script: { fault: { retryAfter: 9 } },
  });
});

test.each([
  'nope',
  '',
  '__proto__',
  'constructor',
  'script/text+',
  'script/text+latency',
  'script/text+latency=fast',
  'script/text+rate=0',
  'script/text+rate=x',
  'script/text+stop=never',
  'script/text+calls=3',
  'script/text+input=-1',
  'script/text+input=',
  'script/text+text=%',
  'script/text+retryAfter=1',
  'script/text+__proto__=1',
])('"%s" is unknown', (name) => {
  expect(resolveScript(name)).toHaveProperty('unknown');
});

test('own scripts come first, and take modifiers too', () => {
  const mine: Script = { say: { kind: 'text', text: 'mine' } };
  const own = new Map([
    ['echo', mine],
    ['__proto__', mine],
  ]);
  expect(resolveScript('echo', own)).toEqual({ script: mine });
  expect(resolveScript('__proto__+rate=1', own)).toEqual({ script: { ...mine, rate: 1 } });
});
