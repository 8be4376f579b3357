// When a client sees its status: at the first token, or after `commitAfter` at the latest; from then on keep-alives, and
// fallback goes on unseen until a token has been sent.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chat, lanes, providerAt, startRig, type Rig } from '../support/gateway.ts';
import { makeCombo } from '../support/routing.ts';
import { fail, frames, say, startUpstream, stream, type Script, type Upstream } from '../support/upstream.ts';

let first: Upstream;
let second: Upstream;
let rig: Rig;

async function start(
  numbers: { commitAfter?: number; firstTokenTimeout?: number; totalTimeout?: number },
  keepAliveInterval = 60_000,
) {
  const all = { firstTokenTimeout: 60_000, idleTimeout: 60_000, commitAfter: 60_000, ...numbers };
  rig = await startRig({
    providers: [providerAt('one', first.baseUrl, all), providerAt('two', second.baseUrl)],
    combos: [makeCombo('pair', 'priority', ['one/m', 'two/m'])],
    timing: { keepAliveInterval },
  });
}

beforeEach(async () => {
  first = await startUpstream(say('first'));
  second = await startUpstream(say('second'));
});

afterEach(async () => {
  await rig.close();
  await Promise.all([first.close(), second.close()]);
});

const later =
  (milliseconds: number, script: Script): Script =>
  async (call) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await script(call);
  };

describe.each(lanes)('%s lane', (lane) => {
  const ask = () => rig.ask(lane, { body: chat('pair', { stream: true }) });

  it('waits for a slow first token without a word, and then says who answers', async () => {
    await start({});
    first.play(later(300, say('slow')));
    const answer = await ask();
    expect(answer.headers['x-omniroute-provider']).toBe('one');
    expect(answer.text).not.toContain('keep-alive');
  });

  it('commits after commitAfter, keeps the stream alive, and names no provider that it does not know yet', async () => {
    await start({ commitAfter: 100 }, 100);
    first.play(later(600, say('slow')));
    const answer = await ask();
    expect(answer).toMatchObject({ status: 200, broken: false });
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(answer.headers['x-omniroute-provider']).toBeUndefined();
    expect(answer.text.match(/^: keep-alive\n\n/gm)!.length).toBeGreaterThanOrEqual(2);
    expect(answer.text).toContain('slow');
    expect(answer.text.endsWith(frames.done)).toBe(true);
  });

  it('keeps a stream alive that pauses between two tokens', async () => {
    await start({}, 100);
    first.play(async ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frames.role + frames.hello);
      await new Promise((resolve) => setTimeout(resolve, 500));
      response.end(frames.stop + frames.done);
    });
    const { text } = await ask();
    expect(text).toMatch(/Hello[^\n]*\n\n(: keep-alive\n\n)+data/);
    expect(text.replaceAll(': keep-alive\n\n', '')).toBe(
      frames.role + frames.hello + frames.stop + frames.done,
    );
  });

  it('falls back after the commit as long as no token has been sent', async () => {
    await start({ commitAfter: 100 });
    first.play(later(400, fail(503)));
    const answer = await ask();
    expect(answer).toMatchObject({ status: 200, broken: false });
    expect(answer.text).toContain('second');
    expect(JSON.parse(rig.rows[0]!.attempts)).toMatchObject([
      { target: 'one/m', status: 503 },
      { target: 'two/m', status: 200 },
    ]);
  });

  it('writes the error frame when everything fails after the commit', async () => {
    await start({ commitAfter: 100 });
    first.play(later(300, fail(503, 'busy')));
    second.play(fail(500, 'broken'));
    const answer = await ask();
    expect(answer).toMatchObject({ status: 200, broken: true });
    const last = answer.text.trimEnd().split('\n\n').at(-1)!;
    expect(JSON.parse(last.slice(6))).toMatchObject({
      error: { message: expect.stringContaining('one/m: 503, two/m: 500') },
    });
    expect(rig.rows[0]).toMatchObject({ status: 200, errorCode: 'upstream_error', provider: null });
  });

  it('gives up on a first token after firstTokenTimeout and asks the next', async () => {
    await start({ firstTokenTimeout: 150 });
    first.play(stream([frames.role], 'stall'));
    expect((await ask()).text).toContain('second');
    await first.calls[0]!.gone;
  });

  it.each([true, false])('ends everything at totalTimeout, streamed: %s', async (streamed) => {
    await start({ totalTimeout: 200 });
    first.play(() => {});
    const answer = await rig.ask(lane, { body: chat('pair', { stream: streamed }) });
    expect(answer.status).toBe(504);
    expect(second.calls).toHaveLength(0);
    expect(rig.rows[0]).toMatchObject({ status: 504, errorCode: 'upstream_timeout' });
  });
});
