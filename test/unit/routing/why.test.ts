import { describe, expect, it } from 'vitest';
import { catalog } from '../../../src/catalog/catalog.ts';
import type { Facts } from '../../../src/routing/facts.ts';
import { recordPlaces, renderArchive, reviveSnapshot } from '../../../src/routing/archive.ts';
import { decide } from '../../../src/routing/decide.ts';
import { createPrincipal } from '../../../src/routing/principal.ts';
import type { Snapshot } from '../../../src/routing/snapshot.ts';
import { compile } from '../../../src/routing/compile.ts';
import { explainWhy, explainOwn, renderWhy } from '../../../src/routing/why.ts';
import { createGivenWorld } from '../../../src/routing/testing/given.ts';
import { makeConfig, makeSnapshot, sha256 } from '../../support/config.ts';
import { makeFacts } from '../../support/routing.ts';
import { makeRow } from '../../support/usage.ts';

const locate = (pointer: string) => ({
  file: 'omniroute.config.yaml',
  line: pointer.length,
  column: 1,
  endLine: pointer.length,
  endColumn: 2,
});
const authored = {
  providers: {
    a: {
      catalog: 'openai',
      connections: [
        { id: 'one', apiKey: '${env:A}' },
        { id: 'two', apiKey: '${env:B}' },
      ],
    },
    b: { catalog: 'anthropic' },
  },
  combos: {
    both: { targets: ['a/gpt-5.4', 'b/claude-sonnet-4-6'] },
    hours: { targets: [{ model: 'a/gpt-5.4', schedule: '08:00-18:00 UTC' }] },
    only: { targets: [{ model: 'a/gpt-5.4', when: 'request.inputTokens > 1000' }] },
  },
  keys: [{ id: 'k', digest: `sha256:${'1'.repeat(64)}`, models: ['both', 'only'] }],
  policies: [
    { id: 'no-a', match: { tags: { team: 'x' } }, blockProviders: ['a'] },
    { id: 'no-b', match: { tags: { team: 'x' } }, blockProviders: ['b'] },
    { id: 'closed', match: { models: ['b/claude-opus-5'] }, deny: 'not for you' },
  ],
};
const snapshot = makeSnapshot(authored, { locate });
const now = Date.UTC(2026, 0, 1);

type Given = Parameters<typeof createGivenWorld>[0];
const calm: Given = {
  seed: 1,
  breakers: {},
  cooldowns: {},
  spend: {},
  usage: {},
  quota: {},
  latency: {},
  sessions: {},
  credentials: {},
};

/** The row that the gateway would have written for a request in a world. */
function decideRow(model: string, given: Partial<Given> = {}, part: Partial<Facts> = {}, rules = snapshot) {
  const facts = makeFacts(model, { inputTokens: 10, ...part });
  const world = createGivenWorld({ ...calm, ...given }, rules, { now });
  const decision = decide({ snapshot: rules, facts, world, now, random: () => 0 });
  const refused = decision.kind === 'refuse';
  const row = makeRow({
    at: now,
    revision: rules.revision,
    requestedModel: model,
    key: facts.principal.key ?? null,
    protocol: facts.protocol,
    operation: facts.operation,
    facts: JSON.stringify({ inputTokens: 10, principal: facts.principal }),
    reasons: JSON.stringify(decision.reasons),
    attempts: '[]',
    status: refused ? 503 : 200,
    errorCode: refused ? decision.code : null,
  });
  return { row, decision };
}

const why = (model: string, given: Partial<Given> = {}, part: Partial<Facts> = {}) =>
  explainWhy({ row: decideRow(model, given, part).row, snapshot, now });
const briefly = ({ ways }: ReturnType<typeof why>) =>
  ways.map(({ without, target, together }) => `${without} → ${target}${together ? ' (together)' : ''}`);

describe('what would have let a request pass', () => {
  it('is a policy, with its line', () => {
    expect(why('b/claude-opus-5').ways).toEqual([
      {
        without: 'policy closed',
        target: 'b/claude-opus-5',
        rule: 'closed',
        at: expect.stringContaining('omniroute.config.yaml:') as string,
      },
    ]);
  });

  it('is any of several policies, where each alone is enough', () => {
    const principal = { role: 'anonymous', tags: { team: 'x' }, noLog: false } as const;
    expect(briefly(why('both', {}, { principal }))).toEqual([
      'policy no-a → a/gpt-5.4',
      'policy no-b → b/claude-sonnet-4-6',
    ]);
  });

  it('is what the key may not, or the condition of a target', () => {
    const principal = createPrincipal(snapshot.keys.values()[0]!);
    expect(briefly(why('a/gpt-5.4', {}, { principal }))).toEqual(['the models of key k → a/gpt-5.4']);
    expect(briefly(why('only'))).toEqual(['the condition of a/gpt-5.4 → a/gpt-5.4']);
  });

  it('is the schedule of a target, with the time at which it opens', () => {
    expect(why('hours').ways).toMatchObject([
      { without: 'the schedule of a/gpt-5.4', target: 'a/gpt-5.4', until: '2026-01-01T08:00:00.000Z' },
    ]);
  });

  it('is what rested, was open, was used up or missing at that moment, with its end', () => {
    const { ways, reasons } = why('a/gpt-5.4', {
      cooldowns: { 'a@one': '30s' },
      breakers: { 'a@two': 'open' },
    });
    expect(ways.map(({ without, until }) => [without, until])).toEqual([
      ['the rest of a@one for a/gpt-5.4', '2026-01-01T00:00:30.000Z'],
      ['the open breaker of a@two for a/gpt-5.4', '2026-01-01T00:00:30.000Z'],
    ]);
    expect(reasons.find(({ code }) => code === 'cooling')).toMatchObject({
      connection: 'a@one',
      until: '2026-01-01T00:00:30.000Z',
    });
    const spent = { quota: { 'a@one': 1 }, credentials: { 'a@two': false } };
    expect(briefly(why('a/gpt-5.4', spent))).toEqual([
      'the used up quota of a@one → a/gpt-5.4',
      'the missing secret of a@two → a/gpt-5.4',
    ]);
  });

  it('is all of it together where nothing alone is enough', () => {
    const given = { cooldowns: { 'a@one': '30s' }, credentials: { 'a@two': false } };
    const connections = ['a@none'];
    const principal = { role: 'inference', key: 'k', tags: {}, noLog: false, connections } as const;
    const both = makeSnapshot({
      ...authored,
      policies: [{ id: 'no-a', match: {}, blockProviders: ['a'] }],
    });
    const { row } = decideRow('a/gpt-5.4', given, {}, both);
    // The policy stands before the accounts: only it is told, and removing it is not enough.
    expect(explainWhy({ row, snapshot: both, now }).ways).toMatchObject([{ without: 'policy no-a' }]);
    expect(briefly(why('a/gpt-5.4', {}, { principal }))).toEqual(['the connections of key k → a/gpt-5.4']);
  });

  it('is told of requests that went elsewhere, too', () => {
    const found = why('both', { cooldowns: { a: '1m' } });
    expect(found.status).toBe(200);
    expect(briefly(found)).toEqual([
      'the rest of a@one for a/gpt-5.4 → a/gpt-5.4',
      'the rest of a@two for a/gpt-5.4 → a/gpt-5.4',
    ]);
    expect(renderWhy(found)).toContain('without the rest of a@one for a/gpt-5.4: a/gpt-5.4, over at 2026-');
    expect(briefly(why('both'))).toEqual([]);
  });
});

describe('the decision made again', () => {
  it.each<[string, Partial<Given>]>([
    ['both', {}],
    ['both', { cooldowns: { a: '30s' } }],
    ['both', { breakers: { 'a/gpt-5.4': 'open' } }],
    ['both', { breakers: { a: 'open', b: 'open' } }],
    ['both', { quota: { 'a@one': 1 }, credentials: { b: false } }],
    ['only', {}],
    ['nobody', {}],
  ])('is the one that was made: %s in %j', (model, given) => {
    const { row, decision } = decideRow(model, given);
    const { replay } = explainWhy({ row, snapshot, now });
    expect(replay).toMatchObject({ outcome: decision.kind, revision: snapshot.revision, drawn: false });
    if (decision.kind === 'refuse') expect(replay?.message).toBe(decision.message);
    else expect(replay?.targets).toEqual([...new Set(decision.attempts.map(({ target }) => target))]);
  });
});

describe('rules of the past', () => {
  const config = makeConfig(authored);
  const keep = (): { readonly text: string; readonly served: Snapshot } => {
    const recorder = recordPlaces(locate);
    const { snapshot: served } = compile({ config, catalog, locate: recorder.locate, digest: sha256 });
    return { text: renderArchive(config, recorder.places), served: served! };
  };
  const later = makeSnapshot({ ...authored, policies: [] }, { locate });

  it('come out of the archive as they went in, places and revision included', () => {
    const { text, served } = keep();
    const revived = reviveSnapshot({ text, revision: served.revision, catalog, digest: sha256 })!;
    expect(revived.revision).toBe(served.revision);
    expect(revived.policies.policies.map(({ id, at }) => [id, at])).toEqual(
      served.policies.policies.map(({ id, at }) => [id, at]),
    );
    expect(revived.combos.get('both')).toEqual(served.combos.get('both'));
    expect(text).not.toContain('"tests":[{');
  });

  it('are not believed when they mean something else now', () => {
    const { text, served } = keep();
    const revive = (changed: string, revision = served.revision) =>
      reviveSnapshot({ text: changed, revision, catalog, digest: sha256 });
    expect(revive(text.replace('not for you', 'for you'))).toBeUndefined();
    expect(revive(text, '000000000000')).toBeUndefined();
    expect(revive('{')).toBeUndefined();
    expect(revive('{"version":1,"config":{"providers":5}}')).toBeUndefined();
    const other = { ...catalog, digest: 'another catalog' };
    expect(
      reviveSnapshot({ text, revision: served.revision, catalog: other, digest: sha256 }),
    ).toBeUndefined();
  });

  it('explain a request of then; without them it is said that now stands in', () => {
    const { served } = keep();
    const { row } = decideRow('b/claude-opus-5', {}, {}, served);
    const kept = explainWhy({ row, snapshot: later, served, now });
    expect(kept).toMatchObject({ rules: 'kept', replay: { outcome: 'refuse', revision: served.revision } });
    expect(kept.ways).toMatchObject([{ without: 'policy closed' }]);
    expect(renderWhy(kept)).toContain('its rules are kept');
    const gone = explainWhy({ row, snapshot: later, now });
    expect(gone).toMatchObject({ rules: 'gone', replay: { outcome: 'route', revision: later.revision } });
    expect(gone.reasons).toMatchObject([{}, { rule: 'closed' }]);
    expect(renderWhy(gone)).toContain(
      `which is gone: decided again by the rules at hand, revision ${later.revision}`,
    );
  });
});

describe('the form for the holder of the key', () => {
  it('says when to come back, and names no account, no rule and no place', () => {
    const own = explainOwn(why('a/gpt-5.4', { cooldowns: { a: '30s' } }));
    expect(own).toMatchObject({ again: '2026-01-01T00:00:30.000Z', hints: ['Ask again after the rest.'] });
    expect(JSON.stringify(own)).not.toMatch(/@|yaml|policy|one|two/);
  });
});
