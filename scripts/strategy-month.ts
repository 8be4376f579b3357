// A month of simulated traffic through every strategy: four providers that differ in price and speed, each with a bad
// day, a quota, and noise. Seeded, so that the table in docs/reference/strategies.md is the same on every machine.
import { createHash } from 'node:crypto';
import { catalog } from '../src/catalog/catalog.ts';
import { priceTokens } from '../src/catalog/prices.ts';
import { resolveConfig } from '../src/config/resolve.ts';
import { createRandom } from '../src/lib/random.ts';
import { compile } from '../src/routing/compile.ts';
import type { Facts } from '../src/routing/facts.ts';
import { simulate, type Arrival, type SimulatedCall, type UpstreamAnswer } from '../src/routing/simulate.ts';
import type { Snapshot } from '../src/routing/snapshot.ts';
import { createWorld } from '../src/routing/world/memory.ts';

export interface MonthResult {
  readonly strategy: string;
  readonly requests: number;
  /** Shares between 0 and 1. */
  readonly succeeded: number;
  readonly firstTry: number;
  /** USD of all answers. */
  readonly cost: number;
  /** Milliseconds to the first token. */
  readonly p50: number;
  readonly p95: number;
  /** Turns of a conversation that were served elsewhere than the turn before. */
  readonly switches: number;
}

const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const day = 24 * hour;

/** Prices in USD per million tokens; times in milliseconds; `bad`: a share of failures between two days. */
const providers = {
  fast: {
    input: 3,
    output: 15,
    context: 200_000,
    firstToken: 400,
    bad: { from: 5, to: 6, share: 0.9 },
    quota: 1200,
  },
  steady: {
    input: 2.5,
    output: 10,
    context: 400_000,
    firstToken: 900,
    bad: { from: 12, to: 12.5, share: 1 },
    quota: 100_000,
  },
  cheap: {
    input: 0.3,
    output: 1.2,
    context: 64_000,
    firstToken: 1500,
    bad: { from: 20, to: 23, share: 0.4 },
    quota: 100_000,
  },
  local: {
    input: 0,
    output: 0,
    context: 32_000,
    firstToken: 2500,
    bad: { from: 8, to: 9, share: 1 },
    quota: 100_000,
  },
} as const;

type ProviderName = keyof typeof providers;

/** Runs `requests` spread over thirty days through each strategy. */
export function compareStrategies(strategies: readonly string[], requests = 6000): readonly MonthResult[] {
  const arrivals = makeArrivals(requests);
  return strategies.map((strategy) => runMonth(strategy, arrivals));
}

function runMonth(strategy: string, arrivals: readonly Arrival[]): MonthResult {
  const used = new Map<string, { day: number; calls: number }>();
  const ends = simulate({
    snapshot: compileMonth(strategy),
    world: createWorld(),
    arrivals,
    upstream: (call) => answer(call, used),
    seed: 7,
  });
  const served = ends.filter((end) => end.served !== undefined);
  const waits = served.map(({ waited }) => waited).toSorted((a, b) => a - b);
  const last = new Map<string, string>();
  let switches = 0;
  let cost = 0;
  for (const { served: attempt, facts } of served.toSorted((a, b) => a.at - b.at)) {
    const session = facts.session ?? '';
    const before = last.get(session);
    if (before !== undefined && before !== attempt!.target) switches++;
    last.set(session, attempt!.target);
    const tokens = { input: facts.inputTokens ?? 0, output: outputOf(facts) };
    cost += (priceTokens(attempt!.facts?.prices, tokens, start) ?? 0) / 1e9;
  }
  return {
    strategy,
    requests: ends.length,
    succeeded: served.length / ends.length,
    firstTry: served.filter(({ calls }) => calls === 1).length / ends.length,
    cost,
    p50: waits[Math.floor(waits.length * 0.5)] ?? 0,
    p95: waits[Math.floor(waits.length * 0.95)] ?? 0,
    switches,
  };
}

// Affinity is off: it would keep every conversation where it is, and the strategies could not be told apart.
function compileMonth(strategy: string): Snapshot {
  const names = Object.keys(providers) as ProviderName[];
  const config = resolveConfig({
    version: 1,
    providers: Object.fromEntries(
      names.map((name) => [
        name,
        {
          protocols: [{ name: 'openai-chat', baseUrl: `http://${name}.invalid/v1` }],
          auth: 'none',
          models: ['m'],
        },
      ]),
    ),
    models: Object.fromEntries(
      names.map((name) => {
        const { input, output, context } = providers[name];
        return [`${name}/m`, { context, price: { input, output } }];
      }),
    ),
    combos: {
      c: { strategy, targets: names.map((name, index) => ({ model: `${name}/m`, weight: 4 - index })) },
    },
    defaults: { session: { affinity: false } },
  });
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const { snapshot, diagnostics } = compile({ config, catalog, locate: () => undefined, digest });
  if (!snapshot) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return snapshot;
}

// Busy by day, quiet by night; conversations of some turns, a few with long prompts.
function makeArrivals(count: number): readonly Arrival[] {
  const random = createRandom(42);
  const arrivals: Arrival[] = [];
  for (let conversation = 0; arrivals.length < count; conversation++) {
    let at = start + random() * 30 * day;
    if (random() < 0.5) at = Math.floor(at / day) * day + 9 * hour + random() * 8 * hour;
    const turns = 1 + Math.floor(random() * 8);
    let inputTokens = random() < 0.1 ? 20_000 + random() * 40_000 : 500 + random() * 3000;
    for (let turn = 0; turn < turns && arrivals.length < count; turn++) {
      arrivals.push({
        at: Math.round(at),
        facts: makeFacts(`s${conversation}`, Math.round(inputTokens), turn),
      });
      at += 20_000 + random() * 120_000;
      inputTokens += 400 + random() * 600;
    }
  }
  return arrivals;
}

function makeFacts(session: string, inputTokens: number, turn: number): Facts {
  return {
    model: 'c',
    protocol: 'openai-chat',
    operation: 'chat',
    stream: true,
    principal: { role: 'inference', tags: {}, noLog: false },
    address: '127.0.0.1',
    bodyBytes: inputTokens * 4,
    inputTokens,
    messageCount: 1 + 2 * turn,
    session,
  };
}

function outputOf({ inputTokens = 0 }: Facts): number {
  return 200 + (inputTokens % 600);
}

function answer(call: SimulatedCall, used: Map<string, { day: number; calls: number }>): UpstreamAnswer {
  const { attempt, facts, now, running, random } = call;
  const name = attempt.provider.id as ProviderName;
  const { firstToken, bad, context, quota } = providers[name];
  const today = Math.floor((now - start) / day);
  const known = used.get(name);
  const calls = known?.day === today ? known.calls + 1 : 1;
  used.set(name, { day: today, calls });
  const resetAt = start + (today + 1) * day;
  const windows = [
    { window: 'daily', used: calls, limit: quota / 24, resetAt, source: 'header', at: now } as const,
  ];
  const since = (now - start) / day;
  const share = since >= bad.from && since < bad.to ? bad.share : 0.005;
  if (calls > quota / 24) {
    return {
      kind: 'failure',
      takes: 30,
      quota: windows,
      failure: { class: 'rate_limit', status: 429, message: 'daily quota', retryAfter: resetAt - now },
    };
  }
  if ((facts.inputTokens ?? 0) > context) {
    return {
      kind: 'failure',
      takes: 50,
      failure: { class: 'context_length', status: 400, message: 'too long' },
    };
  }
  if (random() < share)
    return {
      kind: 'failure',
      takes: 200,
      quota: windows,
      failure: { class: 'upstream', status: 503, message: 'down' },
    };
  const first = Math.round(firstToken * (0.7 + 0.6 * random()) * (1 + running * 0.1));
  return { kind: 'success', firstToken: first, takes: first + outputOf(facts) * 15, quota: windows };
}
