import { describe, expect, it } from 'vitest';
import type { Facts } from '../../../src/routing/facts.ts';
import { explain, type ExplainNode } from '../../../src/routing/explain.ts';
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

      1. openai/gpt-5-mini  as openai@default, openai-chat, 0.002 USD  omniroute.config.yaml:29:3
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
         └─ openai/gpt-5  left out  omniroute.config.yaml:28:3"
  `);
  expect(renderExplanation({ ...ask('codng'), revision: '0123456789ab' })).toMatchInlineSnapshot(`
    "codng  (chat over openai-chat, revision 0123456789ab)

    refused: 404 model_not_found
      No combo, alias or model is called "codng". Did you mean "coding"?

    why
      No combo, alias or model is called "codng". (unknown-name)"
  `);
});

function outline(node: ExplainNode, indent = ''): readonly string[] {
  const codes = node.reasons.filter(({ code }) => code !== 'strategy').map(({ code }) => ` ${code}`);
  const line = `${indent}${node.name} #${node.places.join()}${codes.join('')}`;
  return [line, ...node.children.flatMap((child) => outline(child, `${indent} `))];
}
