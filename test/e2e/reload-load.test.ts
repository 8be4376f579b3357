// Reloads under load: nothing fails, nothing is dropped, no request mixes two revisions, old snapshots are freed.
// A hundred reloads a minute; RELOAD_SECONDS=120 runs the long form, CI the short one.
import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { configSaying, startBooted } from '../support/booted.ts';

const seconds = Number(process.env.RELOAD_SECONDS ?? 12);
const streams = 200;
const unary = 8;

interface Seen {
  readonly status: number;
  readonly revision: string;
  readonly text: string;
  readonly complete: boolean;
}

function call(url: string, agent: Agent, stream: boolean): Promise<Seen> {
  return new Promise((resolve) => {
    const lost = (error: Error): void =>
      resolve({ status: 0, revision: '', text: error.message, complete: false });
    const sent = request(
      `${url}/v1/chat/completions`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', lost);
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          const text = stream
            ? [...body.matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]).join('')
            : (/"content":"([^"]*)"/.exec(body)?.[1] ?? body);
          resolve({
            status: response.statusCode ?? 0,
            revision: String(response.headers['x-omniroute-revision'] ?? ''),
            text,
            complete: stream ? body.endsWith('data: [DONE]\n\n') : body.endsWith('}'),
          });
        });
      },
    );
    sent.on('error', lost);
    sent.end(JSON.stringify({ model: 'c', stream, messages: [{ role: 'user', content: 'hi' }] }));
  });
}

it(
  'a hundred reloads a minute lose nothing',
  async () => {
    const say = (number: number): string => {
      const words = Array.from({ length: 20 }, () => `r${number}`).join(' ');
      return configSaying(words).replace('reply:', 'tokensPerSecond: 10, reply:');
    };
    const booted = await startBooted(say(0));
    const { gateway } = booted;
    const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
    const byRevision = new Map([[gateway.status().revision, 'r0']]);
    const results: Seen[] = [];
    let running = true;
    const loop = async (stream: boolean): Promise<void> => {
      while (running) results.push(await call(gateway.url, agent, stream));
    };
    const load = [
      ...Array.from({ length: streams }, () => loop(true)),
      ...Array.from({ length: unary }, () => loop(false)),
    ];
    const reloads = Math.round((seconds / 60) * 100);
    const started = Date.now();
    for (let number = 1; number <= reloads; number++) {
      booted.write(say(number));
      await gateway.reload('api');
      byRevision.set(gateway.status().revision, `r${number}`);
      const due = started + number * 600;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
    }
    running = false;
    await Promise.all(load);
    agent.destroy();

    expect(byRevision.size).toBe(reloads + 1);
    expect(results.length).toBeGreaterThan(streams);
    expect(results.filter(({ status, complete }) => status !== 200 || !complete)).toEqual([]);
    // Every word of an answer is the one of the revision that its header names.
    const mixed = results.filter(
      ({ revision, text }) =>
        new Set(text.split(' ')).size !== 1 || text.split(' ')[0] !== byRevision.get(revision),
    );
    expect(mixed).toEqual([]);
    expect(new Set(results.map(({ revision }) => revision)).size).toBeGreaterThan(reloads / 4);

    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let round = 0; round < 10 && liveSnapshots(await gateway.metrics.render()) > 1; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      collect();
    }
    expect(liveSnapshots(await gateway.metrics.render())).toBe(1);
    await booted.close();
  },
  (seconds + 60) * 1000,
);

function liveSnapshots({ text }: { readonly text: string }): number {
  return Number(/^omniroute_live_snapshots(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
}
