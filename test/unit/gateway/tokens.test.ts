// The tokenizer: what it counts, how it stays fast on runs without end, and what becomes of jobs when its thread is
// slow, dead, or has too much to do.
import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { afterEach, describe, expect, it } from 'vitest';
import { createTokenCounter, type CounterOptions } from '../../../src/gateway/tokens/counter.ts';
import { countTexts, cutRuns } from '../../../src/gateway/tokens/encoding.ts';
import type { Job } from '../../../src/gateway/tokens/thread.ts';
import { createManualTimers, systemTimers } from '../../../src/lib/timers.ts';

/** What the vocabulary merges inside of. */
const runs = /[\p{L}\p{M}]+|\s+|[^\s\p{L}\p{N}\p{M}]+/gu;

describe('countTexts', () => {
  it.each([
    ['', 0],
    ['hello world', 2],
    ['<|endoftext|>', 7],
    ['🥊🥊', 4],
    ['人工知能', 3],
  ])('counts %j as %d', (text, tokens) => expect(countTexts([text])).toBe(tokens));

  it('adds texts up, each by itself', () => {
    expect(countTexts(['hello', ' world'])).toBe(2);
    expect(countTexts(['hel', 'lo'])).toBe(countTokens('hel') + countTokens('lo'));
  });

  // 100 KB of one letter would take half a minute, in time that grows with the square.
  it.each(['a', ' ', '\n', '.', '🥊', '\u0301', '人', '\ud800', 'aB', '==', 'dead beef '])(
    'cuts a run of %j, and counts at most one token more a piece',
    (sign) => {
      const run = sign.repeat(5_000);
      const pieces = [...cutRuns(run)];
      expect(pieces.join('')).toBe(run);
      const longest = Math.max(
        ...pieces.flatMap((piece) => (piece.match(runs) ?? []).map((one) => one.length)),
      );
      expect(longest).toBeLessThan(170);
      const short = sign.repeat(Math.ceil(800 / sign.length));
      expect(countTexts([short])).toBeLessThanOrEqual(countTokens(short) + [...cutRuns(short)].length);
    },
  );

  it('cuts nothing else, and never through a sign', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), fc.nat(300), (text, times) => {
        const whole = text + text.slice(0, 1).repeat(times) + text;
        const pieces = [...cutRuns(whole)];
        expect(pieces.join('')).toBe(whole);
        if (whole.isWellFormed()) expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
        if (!/[\p{L}\p{M}]{96}|\s{96}|[^\s\p{L}\p{N}\p{M}]{96}/u.test(whole))
          expect(pieces.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
    );
  });

  it('counts a part of what is very long, and the rest by its length', () => {
    const text = 'the quick brown fox '.repeat(100);
    const whole = countTexts([text]);
    const part = countTexts([text], text.length / 2);
    expect(Math.abs(part - whole)).toBeLessThanOrEqual(whole * 0.02);
    expect(countTexts([text, text, text], text.length)).toBe(whole * 3);
  });
});

/** A thread that answers when the test says so. */
class FakeWorker extends EventEmitter {
  readonly jobs: Job[] = [];
  terminated = false;
  postMessage(job: Job): void {
    this.jobs.push(job);
  }
  answer(tokens: number): void {
    this.emit('message', { id: this.jobs.at(-1)!.id, tokens });
  }
  unref(): void {}
  terminate(): Promise<number> {
    this.terminated = true;
    return Promise.resolve(0);
  }
}

function make(options: Partial<CounterOptions> = {}) {
  const timers = createManualTimers();
  const workers: FakeWorker[] = [];
  const counter = createTokenCounter({
    timers,
    spawn: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as EventEmitter as Worker;
    },
    ...options,
  });
  return { counter, timers, workers };
}

const unavailable = expect.objectContaining({ code: 'tokenizer_unavailable', status: 503 });

describe('the counter', () => {
  it('starts nothing before the first job, and asks one after the other', async () => {
    const { counter, workers } = make();
    expect(await counter.count([''])).toBe(0);
    expect(workers).toHaveLength(0);
    const first = counter.count(['a']);
    const second = counter.count(['b']);
    expect(workers[0]!.jobs).toHaveLength(1);
    workers[0]!.answer(5);
    expect(await first).toBe(5);
    workers[0]!.answer(7);
    expect(await second).toBe(7);
    expect(workers).toHaveLength(1);
  });

  it.each([
    ['dies', (worker: FakeWorker) => worker.emit('exit', 1)],
    ['throws', (worker: FakeWorker) => worker.emit('error', new Error('out of memory'))],
  ])('says so when the thread %s, and gives the next job a new one', async (_name, fail) => {
    const { counter, workers } = make();
    const lost = counter.count(['a']);
    const next = counter.count(['b']);
    fail(workers[0]!);
    await expect(lost).rejects.toEqual(unavailable);
    await expect.poll(() => workers.length).toBe(2);
    workers[1]!.answer(3);
    expect(await next).toBe(3);
  });

  it('says so when a text makes the tokenizer fail, and keeps the thread', async () => {
    const { counter, workers } = make();
    const job = counter.count(['a']);
    workers[0]!.emit('message', { id: workers[0]!.jobs[0]!.id, fault: 'RangeError' });
    await expect(job).rejects.toEqual(unavailable);
    const next = counter.count(['a']);
    workers[0]!.answer(1);
    expect(await next).toBe(1);
  });

  it('says so when no thread can be had', async () => {
    const { counter } = make({
      spawn: () => {
        throw new Error('EAGAIN');
      },
    });
    await expect(counter.count(['a'])).rejects.toEqual(unavailable);
    await expect(counter.count(['a'])).rejects.toThrow('EAGAIN');
  });

  it('ends a job that takes too long with its thread', async () => {
    const { counter, timers, workers } = make({ timeout: 1_000 });
    const job = counter.count(['a']);
    timers.advance(1_000);
    await expect(job).rejects.toThrow('too long');
    expect(workers[0]!.terminated).toBe(true);
  });

  it('bounds what waits, by jobs and by text', async () => {
    const { counter } = make({ mostJobs: 2, mostText: 10 });
    void counter.count(['running']).catch(() => undefined);
    void counter.count(['12345']).catch(() => undefined);
    await expect(counter.count(['123456'])).rejects.toThrow('Too much text');
    void counter.count(['1']).catch(() => undefined);
    await expect(counter.count(['1'])).rejects.toEqual(unavailable);
    await counter.close();
  });

  it('lets the thread go when nobody counts, and takes a new one later', async () => {
    const { counter, timers, workers } = make({ idle: 60_000 });
    const job = counter.count(['a']);
    workers[0]!.answer(1);
    await job;
    timers.advance(59_999);
    expect(workers[0]!.terminated).toBe(false);
    timers.advance(1);
    expect(workers[0]!.terminated).toBe(true);
    void counter.count(['a']).catch(() => undefined);
    expect(workers).toHaveLength(2);
    await counter.close();
    expect(timers.pending).toBe(0);
  });

  it('rejects what runs and waits when it is closed, and everything after', async () => {
    const { counter } = make();
    const jobs = [counter.count(['a']), counter.count(['b'])];
    const closed = counter.close();
    for (const job of jobs) await expect(job).rejects.toEqual(unavailable);
    await closed;
    await expect(counter.count(['a'])).rejects.toEqual(unavailable);
  });
});

describe('the real thread', () => {
  const counter = createTokenCounter({ timers: systemTimers });
  afterEach(() => counter.close());

  it('counts as the main thread would', async () => {
    const texts = ['hello world', 'a'.repeat(1000), '🥊'];
    expect(await counter.count(texts)).toBe(countTexts(texts));
  });
});
