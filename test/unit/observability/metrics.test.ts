import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { metricTable } from '../../../src/observability/metric-table.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import type { RequestEvent } from '../../../src/observability/request-event.ts';
import { tokenKinds } from '../../../src/observability/series.ts';

function makeEvent(changes: Partial<RequestEvent> = {}): RequestEvent {
  return {
    requestId: 'req-1',
    revision: 'abcdef123456',
    secretEpoch: 1,
    key: 'ci',
    protocol: 'openai-chat',
    operation: 'chat',
    requestedModel: 'coding',
    combo: null,
    provider: 'openai',
    connection: 'primary',
    model: 'gpt-5-mini',
    status: 200,
    errorCode: null,
    stream: true,
    attempts: 1,
    fallbacks: [],
    tokens: { input: 10, output: 5, cacheRead: 4 },
    cost: 1_500_000,
    estimated: false,
    total: 1200,
    upstream: 1100,
    firstToken: 300,
    overhead: 0.4,
    ...changes,
  };
}

/** Lines of one metric as name{labels} → value. */
async function scrape(
  metrics: { render(): Promise<{ text: string }> },
  name: string,
): Promise<Readonly<Record<string, number>>> {
  const { text } = await metrics.render();
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.startsWith(name))
      .map((line) => {
        const cut = line.lastIndexOf(' ');
        return [line.slice(name.length, cut), Number(line.slice(cut + 1))] as const;
      }),
  );
}

describe('requests', () => {
  it('count every kind of token under its own name', async () => {
    const metrics = createMetrics();
    const tokens = Object.fromEntries(tokenKinds.map((kind, at) => [kind, 2 ** at]));
    metrics.record(makeEvent({ tokens }));
    metrics.record(makeEvent({ tokens }));
    expect(await scrape(metrics, 'omniroute_tokens_total')).toEqual(
      Object.fromEntries(
        tokenKinds.map((kind, at) => [`{provider="openai",model="gpt-5-mini",kind="${kind}"}`, 2 * 2 ** at]),
      ),
    );
  });

  it('are counted by who served them and how', async () => {
    const metrics = createMetrics();
    for (const status of [200, 200, 503]) metrics.record(makeEvent({ status }));
    metrics.record(makeEvent({ provider: null, model: null, status: 404, cost: null, tokens: {} }));
    expect(await scrape(metrics, 'omniroute_requests_total')).toEqual({
      '{protocol="openai-chat",operation="chat",provider="openai",model="gpt-5-mini",status="200"}': 2,
      '{protocol="openai-chat",operation="chat",provider="openai",model="gpt-5-mini",status="503"}': 1,
      '{protocol="openai-chat",operation="chat",provider="",model="",status="404"}': 1,
    });
    expect(await scrape(metrics, 'omniroute_tokens_total')).toEqual({
      '{provider="openai",model="gpt-5-mini",kind="input"}': 30,
      '{provider="openai",model="gpt-5-mini",kind="output"}': 15,
      '{provider="openai",model="gpt-5-mini",kind="cacheRead"}': 12,
    });
  });

  it('cost dollars, or are counted as unpriced when they reached a provider', async () => {
    const metrics = createMetrics();
    metrics.record(makeEvent());
    metrics.record(makeEvent({ cost: null }));
    metrics.record(makeEvent({ cost: null, provider: null, model: null }));
    const labels = '{provider="openai",model="gpt-5-mini"}';
    expect(await scrape(metrics, 'omniroute_cost_usd_total')).toMatchObject({ [labels]: 0.0015 });
    expect(await scrape(metrics, 'omniroute_unpriced_requests_total')).toEqual({
      [labels]: 1,
      '{provider="",model=""}': 0,
    });
  });

  it('count each fallback with its class', async () => {
    const metrics = createMetrics();
    const failed = { provider: 'anthropic', class: 'overloaded' };
    metrics.record(makeEvent({ fallbacks: [failed, failed, { provider: 'openai', class: 'timeout' }] }));
    expect(await scrape(metrics, 'omniroute_fallbacks_total')).toEqual({
      '{provider="anthropic",class="overloaded"}': 2,
      '{provider="openai",class="timeout"}': 1,
    });
  });

  it('render twice with the same numbers', async () => {
    const metrics = createMetrics();
    metrics.record(makeEvent());
    const { text } = await metrics.render();
    expect((await metrics.render()).text).toBe(text);
  });

  it('lose provider and model when labels per model are off', async () => {
    const metrics = createMetrics();
    metrics.setPerModel(false);
    metrics.record(makeEvent());
    expect(Object.keys(await scrape(metrics, 'omniroute_requests_total'))).toEqual([
      '{protocol="openai-chat",operation="chat",provider="",model="",status="200"}',
    ]);
  });

  it('never make more series than the bound, and lose no request', async () => {
    const metrics = createMetrics({ maxSeries: 50 });
    for (let index = 0; index < 5000; index++) metrics.record(makeEvent({ model: `model-${index}` }));
    const requests = await scrape(metrics, 'omniroute_requests_total');
    expect(Object.keys(requests).length).toBeLessThanOrEqual(51);
    expect(Object.values(requests).reduce((sum, count) => sum + count, 0)).toBe(5000);
    expect(
      requests['{protocol="openai-chat",operation="chat",provider="other",model="other",status="200"}'],
    ).toBe(4950);
  });

  it('cannot write their own lines through a label', async () => {
    const metrics = createMetrics();
    metrics.record(makeEvent({ model: 'a"} 1\nevil_metric{x="' }));
    const { text } = await metrics.render();
    expect(text).not.toMatch(/^evil_metric/m);
  });
});

describe('histograms', () => {
  it('say what prom-client itself would say', async () => {
    const registry = new Registry();
    const { buckets, meaning } = metricTable.omniroute_request_duration_seconds;
    const reference = new Histogram({
      name: 'omniroute_request_duration_seconds',
      help: meaning,
      labelNames: ['protocol', 'operation'],
      buckets: [...buckets],
      registers: [registry],
    });
    const metrics = createMetrics();
    for (const total of [0, 10, 10.0001, 250, 999, 1000, 599_999, 600_000, 600_001, 1e9]) {
      metrics.record(makeEvent({ total }));
      reference.observe({ protocol: 'openai-chat', operation: 'chat' }, total / 1000);
    }
    const { text } = await metrics.render();
    const ours = text.split('\n').filter((line) => line.includes('omniroute_request_duration_seconds'));
    const theirs = (await registry.metrics()).split('\n').filter((line) => line !== '');
    const sorted = (lines: readonly string[]): readonly string[] =>
      lines.map((line) =>
        line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`),
      );
    expect(sorted(ours)).toEqual(sorted(theirs));
  });

  it('leave out what a request never reached', async () => {
    const metrics = createMetrics();
    metrics.record(makeEvent({ upstream: null, firstToken: null, overhead: null }));
    const { text } = await metrics.render();
    expect(text).not.toMatch(/^omniroute_upstream_duration_seconds_/m);
    expect(text).not.toMatch(/^omniroute_first_token_seconds_/m);
    expect(text).toMatch(/^omniroute_request_duration_seconds_count\{.*\} 1$/m);
  });
});

describe('reloads', () => {
  it('show which revision serves and how the latest load ended', async () => {
    const metrics = createMetrics();
    expect(await scrape(metrics, 'omniroute_config_last_reload_successful')).toEqual({ '': 0 });
    metrics.succeeded('aaa', 1_700_000_000_500);
    metrics.succeeded('bbb', 1_700_000_001_500);
    metrics.failed();
    expect(await scrape(metrics, 'omniroute_config_info')).toEqual({ '{revision="bbb"}': 1 });
    expect(await scrape(metrics, 'omniroute_config_last_reload_successful')).toEqual({ '': 0 });
    expect(await scrape(metrics, 'omniroute_config_last_reload_success_timestamp_seconds')).toEqual({
      '': 1_700_000_001.5,
    });
    metrics.succeeded('ccc', 1_700_000_002_000);
    expect(await scrape(metrics, 'omniroute_config_last_reload_successful')).toEqual({ '': 1 });
  });
});

describe('the table', () => {
  it('is exactly what a complete gateway serves', async () => {
    const metrics = createMetrics({
      inFlight: () => 3,
      liveSnapshots: () => 1,
      keptResponses: () => ({ count: 2, bytes: 3_000 }),
      ledger: () => ({
        state: 'stalled',
        queuedRows: 1,
        queuedBytes: 2,
        written: 3,
        dropped: 4,
        rejected: 5,
        retries: 7,
        restarts: 6,
      }),
      gitOwes: () => true,
    });
    metrics.succeeded('aaa', 1);
    metrics.record(makeEvent({ fallbacks: [{ provider: 'a', class: 'timeout' }] }));
    const { text, contentType } = await metrics.render();
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    const served = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
    const promised = Object.entries(metricTable).map(([name, { kind }]) => `${name} ${kind}`);
    expect(served.sort()).toEqual(promised.sort());
    for (const [name, { labels, meaning }] of Object.entries(metricTable)) {
      expect(text).toContain(`# HELP ${name} ${meaning}\n`);
      const line = text.split('\n').find((each) => each.startsWith(name));
      const found = [...(line ?? '').matchAll(/(\w+)="/g)]
        .map(([, label]) => label)
        .filter((label) => label !== 'le');
      expect({ name, labels: found.sort() }).toEqual({ name, labels: [...labels].sort() });
    }
    expect(await scrape(metrics, 'omniroute_ledger_up')).toEqual({ '': 0 });
    expect(await scrape(metrics, 'omniroute_ledger_rows_total')).toEqual({
      '{outcome="written"}': 3,
      '{outcome="dropped"}': 4,
      '{outcome="rejected"}': 5,
    });
  });

  it('keeps the conventions of names', () => {
    for (const [name, { kind }] of Object.entries(metricTable)) {
      expect(name).toMatch(/^omniroute_[a-z_]+$/);
      if (kind === 'counter') expect(name).toMatch(/_total$/);
      else expect(name).not.toMatch(/_total$/);
      if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    }
    // prom-client refuses bad names by itself; a counter made of each would throw.
    for (const name of Object.keys(metricTable)) {
      expect(() => new Counter({ name, help: name, registers: [] })).not.toThrow();
    }
  });
});
