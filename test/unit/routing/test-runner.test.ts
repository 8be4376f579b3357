import { describe, expect, it } from 'vitest';
import {
  renderCoverage,
  renderCoverageHtml,
  renderResults,
  renderResultsJunit,
} from '../../../src/routing/testing/render.ts';
import { measureCoverage } from '../../../src/routing/testing/coverage.ts';
import { runTests } from '../../../src/routing/test-runner.ts';
import { makeConfig, makeSnapshot } from '../../support/config.ts';

type Plain = Readonly<Record<string, unknown>>;

const digest = `sha256:${'ab'.repeat(32)}`;
const base = {
  providers: {
    a: {
      catalog: 'openai',
      connections: [
        { id: 'one', apiKey: '${env:A}' },
        { id: 'two', apiKey: '${env:B}' },
      ],
    },
    b: { catalog: 'anthropic', connections: [{ id: 'one', apiKey: '${env:C}' }] },
  },
  aliases: { short: 'a/gpt-5.4' },
  combos: { both: { targets: ['a/gpt-5.4', 'b/claude-sonnet-4-6'] } },
  keys: [
    { id: 'k', digest, models: ['both'], tags: { team: 'x' } },
    { id: 'old', digest: `sha256:${'cd'.repeat(32)}`, expires: '2025-01-01T00:00:00Z' },
  ],
  policies: [{ id: 'no-b', match: { tags: { team: 'y' } }, blockProviders: ['b'] }],
};

function run(test: Plain, more: Plain = {}) {
  const authored = {
    ...base,
    ...more,
    tests: [{ name: 't', request: { model: 'both' }, expect: {}, ...test }],
  };
  return runTests({ snapshot: makeSnapshot(authored), tests: makeConfig(authored).tests });
}

/** The faults of one test, `expected / actual` by key. */
function faultsOf(test: Plain, more: Plain = {}): Readonly<Record<string, unknown>> {
  const [result] = run(test, more);
  return Object.fromEntries(result!.faults.map(({ what, actual }) => [what, actual]));
}

const all = ['a@one/gpt-5.4', 'a@two/gpt-5.4', 'b/claude-sonnet-4-6'];

describe('expectations', () => {
  it('are met, each of its kind', () => {
    const expectation = {
      attempts: all,
      target: 'a/gpt-5.4',
      status: 200,
      reasons: ['combo', 'strategy'],
      headers: { 'X-OmniRoute-Provider': 'a', 'x-omniroute-attempts': '1', 'X-OmniRoute-Revision': '*' },
    };
    expect(faultsOf({ expect: expectation })).toEqual({});
  });

  it('are each a fault of their own when they are not', () => {
    const expectation = {
      attempts: ['a/gpt-5.4'],
      target: 'b/claude-sonnet-4-6',
      status: 503,
      reasons: ['cooling'],
      headers: { 'X-OmniRoute-Provider': 'b', 'X-Nothing': '*' },
    };
    expect(faultsOf({ expect: expectation })).toMatchObject({
      attempts: ['a@one/gpt-5.4', 'a/gpt-5.4', 'b/claude-sonnet-4-6'].map(
        (_, i) => ['a/gpt-5.4', 'a/gpt-5.4', 'b/claude-sonnet-4-6'][i],
      ),
      target: 'a/gpt-5.4',
      status: 200,
      'headers.X-OmniRoute-Provider': 'a',
      'headers.X-Nothing': null,
    });
  });

  it('of attempts are not met by a refusal', () => {
    const request = { model: 'short', key: 'k' };
    expect(faultsOf({ request, expect: { target: 'a/gpt-5.4' } })).toEqual({
      target: null,
      refusal: 'model_not_allowed',
    });
  });
});

describe('the door', () => {
  it.each([
    [{ model: 'short', key: 'k' }, 'model_not_allowed', 'k'],
    [{ model: 'both', key: 'old' }, 'key_expired', 'old'],
    [{ model: 'nothing-like-it' }, 'model_not_found', 'unknown-name'],
  ])('refuses %j', (request, refusal, reason) => {
    expect(faultsOf({ request, expect: { refusal, reasons: [reason] } })).toEqual({});
  });

  it('wants a key where one is required', () => {
    const more = { auth: { requireApiKey: true } };
    expect(faultsOf({ expect: { refusal: 'missing_api_key', status: 401 } }, more)).toEqual({});
  });
});

describe('a given world', () => {
  it.each<[string, Plain, readonly string[], string]>([
    ['breakers of a provider', { breakers: { a: 'open' } }, [all[2]!], 'breaker-open'],
    ['a breaker of an account', { breakers: { 'a@one': 'open' } }, all.slice(1), 'breaker-open'],
    [
      'a breaker of a target',
      { breakers: { 'b/claude-sonnet-4-6': 'open' } },
      all.slice(0, 2),
      'breaker-open',
    ],
    ['a rest of an account', { cooldowns: { 'a@two': '5s' } }, [all[0]!, all[2]!], 'cooling'],
    ['a rest of a target', { cooldowns: { 'a/gpt-5.4': '5s' } }, [all[2]!], 'cooling'],
    ['a spent quota', { quota: { 'a@one': 1 } }, all.slice(1), 'quota-spent'],
    ['a missing credential', { credentials: { a: false } }, [all[2]!], 'no-credential'],
    ['a conversation', { sessions: { s: 'b@one' } }, [all[2]!, all[0]!, all[1]!], 'session-kept'],
  ])('knows %s', (_, given, attempts, reason) => {
    const request = { model: 'both', session: 's' };
    expect(faultsOf({ request, given, expect: { attempts, reasons: [reason] } })).toEqual({});
  });

  it('lets a probe through a half-open breaker', () => {
    expect(faultsOf({ given: { breakers: { a: 'half-open' } }, expect: { attempts: all } })).toEqual({});
  });

  it('has a time', () => {
    const combos = {
      both: { targets: [{ model: 'a/gpt-5.4', schedule: '09:00-17:00 UTC' }, 'b/claude-sonnet-4-6'] },
    };
    const at = (time: string, attempts: readonly string[]) =>
      faultsOf({ given: { time }, expect: { attempts } }, { combos, policies: [] });
    expect(at('2026-03-02T12:00:00Z', all)).toEqual({});
    expect(at('2026-03-02T22:00:00Z', [all[2]!])).toEqual({});
  });
});

describe('outcomes', () => {
  it('make attempts the calls that were made', () => {
    expect(
      faultsOf({ outcomes: [429, 401, 'ok'], expect: { attempts: all, target: all[2], status: 200 } }),
    ).toEqual({});
    expect(faultsOf({ outcomes: ['ok'], expect: { attempts: [all[0]] } })).toEqual({});
  });

  it('end with what the client sees', () => {
    expect(
      faultsOf({ outcomes: [400], expect: { attempts: [all[0]], status: 400, reasons: ['not-retryable'] } }),
    ).toEqual({});
    expect(faultsOf({ outcomes: [401, 401, 401], expect: { status: 401, reasons: ['exhausted'] } })).toEqual(
      {},
    );
    const request = { model: 'both', protocol: 'anthropic-messages' };
    expect(
      faultsOf({ request, outcomes: Array.from({ length: 9 }, () => 529), expect: { status: 529 } }),
    ).toEqual({});
  });

  it('never go on after a stream has begun', () => {
    const request = { model: 'both', stream: true };
    expect(
      faultsOf({ request, outcomes: ['cut', 'ok'], expect: { attempts: [all[0]], status: 200 } }),
    ).toEqual({});
    expect(faultsOf({ outcomes: ['cut', 'ok'], expect: { attempts: [all[0], all[1]] } })).toEqual({});
  });
});

describe('what an example rarely shows', () => {
  it('is a denied name that nobody could serve: denied, not unsupported', () => {
    const request = { model: 'b/claude-sonnet-4-6', operation: 'transcriptions' };
    expect(faultsOf({ request, expect: { refusal: 'unsupported_feature' } })).toEqual({});
    const policies = [{ id: 'closed', match: { models: ['b/*'] }, deny: 'closed' }];
    const expectation = { refusal: 'denied_by_policy', reasons: ['closed'] };
    expect(faultsOf({ request, expect: expectation }, { policies })).toEqual({});
  });

  it('is a key that leaves no trace', () => {
    const keys = [{ id: 'k', digest, noLog: true }];
    const [result] = run({ request: { model: 'both', key: 'k' } }, { keys });
    expect(result?.run.course?.decision.noLog).toBe(true);
    expect(run({})[0]?.run.course?.decision.noLog).toBe(false);
  });

  it('is a target that names its accounts', () => {
    const combos = { both: { targets: [{ model: 'a/gpt-5.4', connections: ['two'] }] } };
    expect(faultsOf({ expect: { attempts: [all[1]] } }, { combos, keys: [] })).toEqual({});
  });

  it('is an account that rests since the decision: its other models are not asked', () => {
    const combos = { both: { targets: ['b/claude-sonnet-4-6', 'b/claude-opus-5', 'a/gpt-5.4'] } };
    const attempts = ['b/claude-sonnet-4-6', 'a@one/gpt-5.4'];
    expect(faultsOf({ outcomes: [401, 'ok'], expect: { attempts } }, { combos })).toEqual({});
  });
});

describe('cases', () => {
  it('run a test once for each, with their values in its texts and keys', () => {
    const results = run({
      name: 'without {down}',
      given: { breakers: { '{down}': 'open' } },
      expect: { target: '{left}' },
      cases: [
        { down: 'a', left: 'b/claude-sonnet-4-6' },
        { down: 'b', left: 'a/gpt-5.4' },
        { down: 'b', left: 'b/claude-sonnet-4-6' },
      ],
    });
    expect(results.map(({ name, ok }) => [name, ok])).toEqual([
      ['without a', true],
      ['without b', true],
      ['without b', false],
    ]);
  });
});

describe('limits', () => {
  const limits = { requests: '10/min', tokens: '1000/h', concurrent: 2, sessions: 1 };
  const keys = [{ id: 'k', digest, limits }];
  const providers = {
    ...base.providers,
    a: {
      catalog: 'openai',
      connections: [
        { id: 'one', apiKey: '${env:A}', maxConcurrent: 1, quota: { window: '5h', requests: 100 } },
        { id: 'two', apiKey: '${env:B}' },
      ],
    },
  };
  const request = { model: 'both', key: 'k', session: 's' };
  const judge = (test: Plain) => faultsOf({ request, ...test }, { keys, providers });

  it('that are charged are named: those of the key, and those of the calls that were made', () => {
    const key = ['requests', 'tokens', 'concurrent', 'sessions'].map((name) => `key:k/${name}`);
    const account = ['a@one/running', 'a@one/quota.requests'];
    expect(judge({ expect: { charges: [...key, ...account] } })).toEqual({});
    expect(
      judge({ outcomes: [503, 503, 'ok'], expect: { charges: [...key, ...account, 'a/retries'] } }),
    ).toEqual({});
    expect(judge({ expect: { charges: key } })).toMatchObject({
      charges: expect.arrayContaining(account) as unknown,
    });
    expect(judge({ request: { model: 'b/claude-opus-5' }, expect: { charges: [] } })).toEqual({});
  });

  it.each([
    ['requests', 10],
    ['tokens', 1000],
    ['concurrent', 2],
    ['sessions', 1],
  ])('of the key refuse at the door: %s', (name, used) => {
    const usage = { [`key:k/${name}`]: used };
    const headers = { 'Retry-After': '*' };
    const refused = {
      refusal: 'rate_limit_exceeded',
      status: 429,
      reasons: ['key-limit', 'k'],
      charges: [],
      headers,
    };
    expect(judge({ given: { usage }, expect: refused })).toEqual({});
    expect(judge({ given: { usage: { [`key:k/${name}`]: used - 1 } }, expect: { status: 200 } })).toEqual({});
  });

  it('of accounts leave them out, or let calls wait and then go elsewhere', () => {
    const first = ['a@one/gpt-5.4', 'a@two/gpt-5.4', 'b@one/claude-sonnet-4-6'];
    expect(judge({ expect: { attempts: first } })).toEqual({});
    const spent = { usage: { 'a@one/quota.requests': 100 } };
    expect(judge({ given: spent, expect: { attempts: first.slice(1), reasons: ['quota-spent'] } })).toEqual(
      {},
    );
    const busy = { usage: { 'a@one/running': 1 }, credentials: { 'a@two': false } };
    expect(judge({ given: busy, outcomes: ['ok'], expect: { target: 'b/claude-sonnet-4-6' } })).toEqual({});
    expect(judge({ given: busy, expect: { target: 'a/gpt-5.4' } })).toHaveProperty('target');
  });

  it('of repeats end them', () => {
    const twice = { outcomes: [503, 503, 503, 'ok'], request: { model: 'a/gpt-5.4' } };
    expect(judge({ ...twice, expect: { status: 200 } })).toEqual({});
    const given = { usage: { 'a/retries': 10 } };
    expect(judge({ ...twice, given, expect: { status: 503 } })).toEqual({});
  });
});

describe('the door', () => {
  const network = { ipFilter: { mode: 'whitelist', whitelist: ['10.0.0.0/8'] } };
  const from = (address: string, expected: Plain) =>
    faultsOf({ request: { model: 'both', address }, expect: expected }, { network });

  it('knows where the client is', () => {
    const refused = {
      refusal: 'address_not_allowed',
      status: 403,
      reasons: ['address-not-allowed'],
      charges: [],
    };
    expect(from('192.0.2.1', refused)).toEqual({});
    expect(from('10.1.2.3', { status: 200 })).toEqual({});
    expect(from('127.0.0.1', { status: 200 })).toEqual({});
  });
});

describe('the cache', () => {
  it('is judged by its recipe', () => {
    const cache = { exact: { match: { models: ['both'] } } };
    const judge = (test: Plain) => faultsOf(test, { cache });
    expect(judge({ expect: { cache: 'eligible' } })).toEqual({});
    expect(judge({ request: { model: 'both', stream: true }, expect: { cache: 'ineligible' } })).toEqual({});
    expect(judge({ request: { model: 'short' }, expect: { cache: 'eligible' } })).toMatchObject({
      cache: 'ineligible: The match of cache.exact does not hold for this request.',
    });
  });
});

describe('what is printed', () => {
  const authored = {
    ...base,
    tests: [
      { name: 'good', request: { model: 'both' }, expect: { status: 200 } },
      { name: 'bad <&>', request: { model: 'both', tags: { team: 'y' } }, expect: { status: 500 } },
    ],
  };
  const snapshot = makeSnapshot(authored);
  const results = runTests({ snapshot, tests: makeConfig(authored).tests });
  const coverage = measureCoverage(snapshot, results);
  const suite = { file: 'f.yaml', results, coverage };

  it('names what failed and why', () => {
    expect(renderResults(suite)).toContain('1 of 2 failed');
    expect(renderResults(suite)).toContain(
      'Policy no-b blocks the provider of b/claude-sonnet-4-6. (policy-block)',
    );
  });

  it('is well-formed JUnit', () => {
    const text = renderResultsJunit([suite]);
    expect(text).toContain('<testsuite name="f.yaml" tests="2" failures="1">');
    expect(text).toContain('name="bad &lt;&amp;&gt;"');
  });

  it('counts what is touched', () => {
    const of = (kind: string, name: string) =>
      coverage.items.find((item) => item.kind === kind && item.name === name)?.tests;
    expect(of('rule', 'no-b')).toEqual(['bad <&>']);
    expect(of('target', 'both → b/claude-sonnet-4-6')).toEqual(['good']);
    expect(of('key', 'k')).toEqual([]);
    expect(renderCoverage('f.yaml', coverage)).toContain('no test touches key k');
    expect(renderCoverageHtml([suite])).toContain('<tr class="none"><td>keys<td><code>k</code>');
  });
});
