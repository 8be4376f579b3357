import { describe, expect, it } from 'vitest';
import { readTestFile } from '../../../src/config/test-file.ts';
import { expandCases } from '../../../src/routing/testing/cases.ts';

const read = (text: string) => readTestFile('x.test.yaml', text, {});

describe('the values of cases', () => {
  it('keep their kind where a text is nothing but their place', () => {
    const { tests, diagnostics } = read(`version: 1
tests:
  - name: "{tokens} tokens, {features}"
    request: { model: "m-{tokens}", inputTokens: "{tokens}", stream: "{stream}", features: "{features}" }
    given: { usage: { "{limit}": "{tokens}" }, credentials: { openai: "{stream}" } }
    outcomes: "{outcomes}"
    expect: { attempts: "{attempts}", status: "{status}" }
    cases:
      - { tokens: 5, stream: true, features: [tools], limit: l, outcomes: [503, ok], attempts: [a/b, c/d], status: 200 }
      - { tokens: 0, stream: false, features: [], limit: l, outcomes: [], attempts: [], status: 429 }
`);
    expect(diagnostics).toEqual([]);
    const [first, second] = expandCases(tests).map(({ name, test }) => ({ ...test, name }));
    expect(first).toMatchObject({
      name: '5 tokens, ["tools"]',
      request: { model: 'm-5', inputTokens: 5, stream: true, features: ['tools'], protocol: 'openai-chat' },
      given: { usage: { l: 5 }, credentials: { openai: true }, seed: 1 },
      outcomes: [503, 'ok'],
      expect: { attempts: ['a/b', 'c/d'], status: 200 },
    });
    expect(second).toMatchObject({ request: { stream: false, features: [] }, outcomes: [] });
  });

  it('are checked in their places, each case, and told at the line of the place', () => {
    const { tests, diagnostics } = read(`version: 1
tests:
  - { name: good, request: { model: m }, expect: { status: 200 } }
  - name: bad
    request: { model: m, inputTokens: "{tokens}" }
    expect: { status: "{status}" }
    cases:
      - { tokens: 5, status: 200 }
      - { tokens: many, status: 200 }
      - { tokens: 5, status: 999 }
      - { tokens: 5, status: 999 }
`);
    expect(tests).toEqual([]);
    expect(
      diagnostics.map(({ at, pointer, message }) => `${at?.line}:${at?.column} ${pointer} ${message}`),
    ).toEqual([
      '5:39 /tests/1/request/inputTokens tests[1].request.inputTokens must be a whole number, not a text',
      '6:23 /tests/1/expect/status tests[1].expect.status must be at most 599',
    ]);
  });

  it('are no maps: those are written where they stand', () => {
    const { diagnostics } = read(`version: 1
tests:
  - { name: t, request: "{request}", expect: { status: 200 }, cases: [{ request: { model: m } }] }
`);
    expect(diagnostics).toMatchObject([{ pointer: '/tests/0/request', code: 'schema/type' }]);
  });

  it('leave a place alone that they do not name, which is then no number', () => {
    const { diagnostics } = read(`version: 1
tests:
  - name: t
    request: { model: "{model}", inputTokens: "{tokns}" }
    expect: { status: 200 }
    cases: [{ model: a, tokens: 1 }]
`);
    expect(diagnostics).toMatchObject([{ pointer: '/tests/0/request/inputTokens' }]);
  });
});
