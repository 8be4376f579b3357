// Answers and streams of each upstream as each client gets them. `expect` is written by hand and is what the vendor's
// own SDK must read out of our bytes; the golden beside it pins the bytes. UPDATE_GOLDEN=1 rewrites the goldens only.
// Samples of Ollama are hand-made after the description of its wire: nobody has recorded it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readWithSdk } from '../support/sdk.ts';
import type { Summary } from '../support/sdk.ts';
import { answerPipe, feed, wireNames } from '../support/translation.ts';
import type { WireName } from '../support/translation.ts';
import { traits } from '../support/wire-traits.ts';

interface AnswerCase {
  readonly name: string;
  readonly upstream: WireName;
  readonly client: WireName;
  readonly stream: boolean;
  readonly bytes: Uint8Array;
  readonly expected: Summary;
  /** Fields of the client's request that change how the answer is written. */
  readonly request: object;
}

const cases = wireNames.flatMap((upstream) => [...findUnary(upstream), ...findStreams(upstream)]);

test('both directions have cases', () => {
  expect(cases.length).toBeGreaterThan(70);
});

describe.each(cases)('$upstream/$name, stream $stream, for $client', (found) => {
  const { client, stream, expected } = found;
  const answer = run(found, [found.bytes.length]);

  test('reads as expected with the SDK of the client', async () => {
    expect(answer.failure).toBeUndefined();
    expect(answer.meaningful).toBe(true);
    expect(await readWithSdk(client, answer.text, stream)).toEqual(expected);
  });

  test('reads the same when the client wanted the other kind of answer', async () => {
    const { upstream, request, bytes, name } = found;
    // A call that was cut off is dropped from a whole answer, because nobody could run it.
    if (name === 'length-cuts-a-call') return;
    const pipe = answerPipe(client, upstream, { stream, request, clientStream: !stream });
    expect(await readWithSdk(client, feed(pipe, bytes).text, !stream)).toEqual(expected);
  });

  test('is as the golden says', () => {
    const path = goldenPath(found);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, answer.text);
    expect(existsSync(path), `${path} is missing: UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(answer.text).toBe(readFileSync(path, 'utf8'));
  });

  test('is the same at any byte split', () => {
    for (const size of [1, 2, 3, 7, 64, 1000]) expect(run(found, [size]).text).toBe(answer.text);
  });
});

function run({ client, upstream, stream, request, bytes }: AnswerCase, sizes: readonly number[]) {
  return feed(answerPipe(client, upstream, { stream, request }), bytes, sizes);
}

function findUnary(upstream: WireName): AnswerCase[] {
  return list(join('responses', upstream), /^[^.]+\.json$/).flatMap((file) => {
    const { answer, expect: expected, request } = read(join('responses', upstream, file)) as Authored & { answer: object };
    const bytes = Buffer.from(JSON.stringify(answer));
    return expand({ name: file.replace('.json', ''), upstream, stream: false, bytes, request: request ?? {} }, expected);
  });
}

function findStreams(upstream: WireName): AnswerCase[] {
  return list(join('streams', upstream), /^[^.]+\.(sse|ndjson)$/).flatMap((file) => {
    const name = file.slice(0, file.indexOf('.'));
    const { expect: expected, request } = read(join('streams', upstream, `${name}.expect.json`)) as Authored;
    const bytes = readFileSync(join(import.meta.dirname, 'streams', upstream, file));
    return expand({ name, upstream, stream: true, bytes, request: request ?? {} }, expected);
  });
}

interface Authored {
  readonly expect: { readonly [client in WireName]?: Summary };
  readonly request?: object;
}

function expand(base: Omit<AnswerCase, 'client' | 'expected'>, expected: Authored['expect']): AnswerCase[] {
  return (Object.keys(expected) as WireName[]).map((client) => ({ ...base, client, expected: expected[client]! }));
}

function goldenPath({ name, upstream, client, stream }: AnswerCase): string {
  const folder = join(import.meta.dirname, stream ? 'streams' : 'responses', upstream);
  const ending = traits[client].frames === 'lines' ? 'ndjson' : 'sse';
  return join(folder, `${name}.${client}.golden.${stream ? ending : 'json'}`);
}

function list(folder: string, pattern: RegExp): readonly string[] {
  return readdirSync(join(import.meta.dirname, folder)).filter((file) => pattern.test(file));
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, path), 'utf8'));
}
