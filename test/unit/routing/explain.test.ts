import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/routing/facts.ts';
import { readTestData } from '../../../src/config/test-file.ts';
import type { ResolvedTestRequest } from '../../../src/config/generated/types.ts';
import { explain, type ExplainedCharge, type ExplainNode } from '../../../src/routing/explain.ts';
import { prepareWorld } from '../../../src/routing/test-runner.ts';
import { checkDoor } from '../../../src/routing/testing/door.ts';
import { createGivenSlots } from '../../../src/routing/testing/given.ts';
import { readTestFacts } from '../../../src/routing/testing/request.ts';
import { renderExplanation } from '../../../src/routing/render-explanation.ts';
import { createWorld } from '../../../src/routing/world/memory.ts';
import { makeSnapshot } from '../../support/config.ts';
import { makeFacts } from '../../support/routing.ts';

const locate = (pointer: string) => ({
  file: 'omniroute.config.yaml',
  line: pointer.length,
  column: 3,
  endLine: 1,
  endColumn: 4,
});
const snapshot = makeSnapshot(
  {
    providers: {
      openai: {},
      anthropic: {},
      local: { protocols: [{ name: 'openai-chat', baseUrl: 'http://127.0.0.1:1' }], auth: 'none' },
    },
    aliases: { code: 'coding' },
    combos: {
      coding: {
        targets: ['anthropic/claude-opus-5', { model: 'long', when: 'request.inputTokens > 1000' }, 'cheap'],
      },
      long: { targets: ['openai/gpt-5'] },
      cheap: { strategy: 'round-robin', targets: ['openai/gpt-5-mini', 'local/llama'] },
    },
    keys: [{ id: 'ci', digest: `sha256:${'1'.repeat(64)}`, models: ['code'] }],
  },
  { locate },
);
const world = createWorld({ hasCredential: (key) => !key.startsWith('anthropic') });
const ask = (model: string, part: Partial<Facts> = {}) =>
  explain({
    snapshot,
    world,
    now: 0,
    random: () => 0,
    facts: makeFacts(model, { inputTokens: 10, maxOutputTokens: 1000, ...part }),
  });

describe('explain', () => {
  it('shows every candidate in its place, or the rule and line that left it out', () => {
    const { tree, attempts, outcome } = ask('code');
    expect(outcome).toEqual({ kind: 'route' });
    expect(attempts.map(({ place, target, connection }) => `${place} ${target} ${connection}`)).toEqual([
      '1 openai/gpt-5-mini openai@default',
      '2 local/llama local@default',
    ]);
    expect(outline(tree!)).toEqual([
      'coding #1,2',
      ' cheap #1,2',
      '  openai/gpt-5-mini #1',
      '  local/llama #2',
      ' anthropic/claude-opus-5 # no-credential',
      ' long # condition',
      '  openai/gpt-5 #',
    ]);
  });

  it('prices a call whose tokens are known, and only that', () => {
    const [mini, local] = ask('code').attempts;
    expect(mini?.cost).toBe(10 * 250 + 1000 * 2000);
    expect(local).not.toHaveProperty('cost');
    expect(ask('code', { maxOutputTokens: 0 }).attempts[0]?.cost).toBe(2_500);
  });

  it('shows why nothing is done', () => {
    const principal = { key: 'ci', role: 'inference', tags: {}, noLog: false, models: ['code'] } as const;
    expect(ask('cheap', { principal })).toMatchObject({
      key: 'ci',
      outcome: { kind: 'refuse', code: 'model_not_allowed', status: 403 },
      attempts: [],
      tree: { name: 'cheap', places: [] },
    });
    expect(ask('nothing-like-it')).not.toHaveProperty('tree');
    expect(ask('anthropic/claude-opus-5')).toMatchObject({
      outcome: { code: 'no_credentials' },
      tree: { reasons: [{ code: 'no-credential', at: expect.stringContaining('omniroute.config.yaml') }] },
    });
  });

  it('changes nothing: asking twice gives the same', () => {
    expect(ask('cheap')).toEqual(ask('cheap'));
  });
});

it('is readable', () => {
  expect(renderExplanation({ ...ask('code'), revision: '0123456789ab' })).toMatchInlineSnapshot(`
    "code  (chat over openai-chat, revision 0123456789ab)

      1. openai/gpt-5-mini  as openai@default, openai-chat, at most 0.002 USD  omniroute.config.yaml:29:3
      2. local/llama        as local@default, openai-chat  omniroute.config.yaml:29:3

    why
      "code" is an alias of coding. (alias, omniroute.config.yaml:13:3)

    candidates
      coding  #1, #2
      ├─ priority: the order of the file (strategy, omniroute.config.yaml:14:3)
      ├─ cheap  #1, #2  omniroute.config.yaml:30:3
      │  ├─ round-robin: place 1 of 2 (strategy, omniroute.config.yaml:13:3)
      │  ├─ openai/gpt-5-mini  #1  omniroute.config.yaml:29:3
      │  └─ local/llama  #2  omniroute.config.yaml:29:3
      ├─ anthropic/claude-opus-5  left out  omniroute.config.yaml:30:3
      │  └─ anthropic/claude-opus-5: anthropic@default needs \${env:ANTHROPIC_API_KEY}. (no-credential, omniroute.config.yaml:20:3)
      └─ long  left out  omniroute.config.yaml:30:3
         ├─ long: "request.inputTokens > 1000" does not hold. (condition, omniroute.config.yaml:30:3)
         └─ openai/gpt-5  left out  omniroute.config.yaml:28:3

    cache
      the answer is not kept: The configuration has no cache.exact."
  `);
  expect(renderExplanation({ ...ask('codng'), revision: '0123456789ab' })).toMatchInlineSnapshot(`
    "codng  (chat over openai-chat, revision 0123456789ab)

    refused: 404 model_not_found
      No combo, alias or model is called "codng". Did you mean "coding"?

    why
      No combo, alias or model is called "codng". (unknown-name)

    cache
      the answer is not kept: The configuration has no cache.exact."
  `);
});

function outline(node: ExplainNode, indent = ''): readonly string[] {
  const codes = node.reasons.filter(({ code }) => code !== 'strategy').map(({ code }) => ` ${code}`);
  const line = `${indent}${node.name} #${node.places.join()}${codes.join('')}`;
  return [line, ...node.children.flatMap((child) => outline(child, `${indent} `))];
}

describe('charges', () => {
  const busy = makeSnapshot(
    {
      providers: {
        openai: {
          connections: [
            {
              id: 'a',
              apiKey: '${env:A}',
              maxConcurrent: 2,
              quota: { window: '5h', tokens: 1_000, threshold: 0.9 },
            },
            { id: 'b', apiKey: '${env:B}', pace: { requests: '60/min', spacing: '0s', concurrent: 3 } },
          ],
        },
      },
      combos: { c: { targets: ['openai/gpt-5'], maxConcurrent: 1 } },
      keys: [
        {
          id: 'ci',
          digest: `sha256:${'1'.repeat(64)}`,
          limits: { requests: '10/min', tokens: '5000/h', concurrent: 2, sessions: 1 },
        },
      ],
    },
    { locate },
  );
  const given = (usage: Record<string, number>, part: Partial<ResolvedTestRequest> = {}) => {
    const { test } = readTestData({
      name: 'x',
      request: { model: 'c', key: 'ci', inputTokens: 100, maxOutputTokens: 50, ...part },
      given: { usage },
      expect: { status: 200 },
    });
    const facts = readTestFacts(test!.request, busy);
    const now = Date.UTC(2026, 0, 1);
    return explain({
      snapshot: busy,
      facts,
      now,
      world: prepareWorld(test!, busy, facts),
      slots: createGivenSlots(test!.given, busy, now),
      door: checkDoor(test!.request, busy, createWorld(), now),
      random: () => 0,
    });
  };
  const brief = (charges: readonly ExplainedCharge[]) =>
    charges.map(({ id, takes, left, limit, full }) => `${id} ${takes} of ${left}/${limit}${full ? '!' : ''}`);

  it('shows what each limit has left, and what this request takes of it', () => {
    const { charges, attempts } = given({ 'key:ci/requests': 4, 'openai@a/quota.tokens': 500 });
    expect(brief(charges)).toEqual([
      'key:ci/tokens 150 of 5000/5000',
      'key:ci/sessions 1 of 1/1',
      'key:ci/concurrent 1 of 2/2',
      'key:ci/requests 1 of 6/10',
    ]);
    expect(attempts.map((attempt) => [attempt.connection, brief(attempt.charges)])).toEqual([
      [
        'openai@a',
        [
          'combo:c/openai/gpt-5/running 1 of 1/1',
          'openai@a/quota.tokens 150 of 400/900',
          'openai@a/running 1 of 2/2',
          'openai/retries 0 of 10/10',
        ],
      ],
      [
        'openai@b',
        [
          'combo:c/openai/gpt-5/running 1 of 1/1',
          'openai@b/running 1 of 3/3',
          'openai@b/pace 1 of 60/60',
          'openai/retries 0 of 10/10',
        ],
      ],
    ]);
    expect(attempts[0]!.charges[1]).toMatchObject({
      resets: '2026-01-01T05:00:00.000Z',
      at: expect.stringContaining('omniroute.config.yaml') as string,
    });
  });

  it.each([
    ['requests', 10, 'may make 10 per 1m'],
    ['tokens', 5_000, 'has used its tokens'],
    ['concurrent', 2, '2 requests at the same time'],
    ['sessions', 1, '1 conversations at the same time'],
  ])('refuses as the gateway does when %s are used up', (limit, used, message) => {
    const { outcome, reasons, charges } = given({ [`key:ci/${limit}`]: used }, { session: 'new' });
    expect(outcome).toMatchObject({ kind: 'refuse', code: 'rate_limit_exceeded', status: 429 });
    expect(reasons).toMatchObject([{ code: 'key-limit', at: expect.any(String) as string }]);
    expect(reasons[0]!.message).toContain(message);
    expect(charges.find(({ full }) => full)?.id).toBe(`key:ci/${limit}`);
  });

  it('leaves out an account whose quota is used up, and prefers one with a place', () => {
    const spent = given({ 'openai@a/quota.tokens': 900 });
    expect(spent.attempts.map(({ connection }) => connection)).toEqual(['openai@b']);
    const full = given({ 'openai@a/running': 2 });
    expect(full.attempts.map(({ connection }) => connection)).toEqual(['openai@b', 'openai@a']);
    const waits = full.attempts[1]!.charges.find(({ id }) => id === 'openai@a/running');
    expect(waits).toMatchObject({ full: true, whenFull: 'wait' });
  });

  it('is readable', () => {
    expect(renderExplanation({ ...given({ 'key:ci/requests': 9, 'openai@b/pace': 60 }), revision: 'r' }))
      .toMatchInlineSnapshot(`
        "c  (chat over openai-chat with key ci, revision r)

          1. openai/gpt-5  as openai@a, openai-chat, at most 0.000625 USD  omniroute.config.yaml:25:3
               combo:c/openai/gpt-5/running  1 of 1 at the same time left  omniroute.config.yaml:25:3
               openai@a/quota.tokens  900 of 900 tokens left, takes about 150  omniroute.config.yaml:31:3
               openai@a/running  2 of 2 at the same time left  omniroute.config.yaml:31:3
          2. openai/gpt-5  as openai@b, openai-chat, at most 0.000625 USD  omniroute.config.yaml:25:3
               combo:c/openai/gpt-5/running  1 of 1 at the same time left  omniroute.config.yaml:25:3
               openai@b/running  3 of 3 at the same time left  omniroute.config.yaml:31:3
               openai@b/pace  0 of 60 calls left, free again from 2026-01-01T00:01:00.000Z; full: the call waits  omniroute.config.yaml:31:3

        why
          "c" is a combo. (combo, omniroute.config.yaml:9:3)

        candidates
          c  #1, #2  omniroute.config.yaml:9:3
          ├─ priority: the order of the file (strategy, omniroute.config.yaml:9:3)
          └─ openai/gpt-5  #1, #2  omniroute.config.yaml:25:3

        charged to
          key:ci/tokens  5000 of 5000 tokens left, takes about 150  omniroute.config.yaml:7:3
          key:ci/sessions  1 of 1 conversations left  omniroute.config.yaml:7:3
          key:ci/concurrent  2 of 2 at the same time left  omniroute.config.yaml:7:3
          key:ci/requests  1 of 10 requests left  omniroute.config.yaml:7:3

        cache
          the answer is not kept: The configuration has no cache.exact."
      `);
  });
});

describe('the cache recipe', () => {
  const cache = (model: string, part: Partial<Facts> = {}, exact: object = {}) => {
    const kept = makeSnapshot(
      {
        providers: { openai: {} },
        policies: [{ id: 'fresh', match: { models: ['openai/gpt-5.4'] }, noCache: true }],
        keys: [{ id: 'ci', digest: `sha256:${'1'.repeat(64)}`, noLog: true }],
        cache: { exact },
      },
      { locate },
    );
    const facts = makeFacts(model, part);
    return explain({ snapshot: kept, world: createWorld(), now: 0, random: () => 0, facts }).cache;
  };

  it('says what an answer is found by', () => {
    const recipe = cache('openai/gpt-5', {}, { ttl: '10m', scope: 'global' });
    expect(recipe).toMatchObject({ eligible: true, ttl: 600_000, store: 'not built' });
    expect(recipe.parts.map(({ part, value }) => `${part}: ${value}`)).toEqual([
      'scope: everybody',
      'protocol: openai-chat',
      'operation: chat',
      'model: openai/gpt-5',
      'targets: openai/gpt-5',
      'body: every member but stream, user and metadata, in one order of names',
    ]);
  });

  it.each<[string, string, Partial<Facts>, object]>([
    ['Policy fresh skips', 'openai/gpt-5.4', {}, {}],
    [
      'key ci may outlive',
      'openai/gpt-5',
      { principal: { key: 'ci', role: 'inference', tags: {}, noLog: true } },
      {},
    ],
    ['streamed', 'openai/gpt-5', { stream: true }, {}],
    ['temperature', 'openai/gpt-5', { temperature: 0.7 }, {}],
    ['match of cache.exact', 'openai/gpt-5', {}, { match: { models: ['openai/gpt-4*'] } }],
    ['match of cache.exact', 'openai/gpt-5', {}, { match: { keys: ['x'] } }],
    ['no value for the scope tag:team', 'openai/gpt-5', {}, { scope: 'tag:team' }],
    ['is refused', 'nobody', {}, {}],
  ])('says why an answer is not kept: %s', (because, model, part, exact) => {
    const recipe = cache(model, part, exact);
    expect(recipe.eligible).toBe(false);
    expect(recipe.because?.message).toContain(because);
  });
});
