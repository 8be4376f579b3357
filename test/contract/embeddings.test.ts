// The laws of embeddings for every wire that has them: what is written is read again, what cannot be written is told, a
// scan sees what a parse sees, and no way to cut the bytes changes anything.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EmbeddingInput, EmbeddingRequest } from '../../src/ir/embeddings.ts';
import { createLossReport } from '../../src/ir/loss.ts';
import { defined } from '../../src/lib/json.ts';
import { embeddingProtocols, type ProtocolName } from '../../src/protocols/capabilities.ts';
import { findEmbeddings, readEmbeddings, translateEmbeddings } from '../../src/protocols/embeddings.ts';
import type { RequestPath } from '../../src/protocols/protocol.ts';
import { areRecordings, recordingFolder } from '../support/recordings.ts';

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 300) };

/** What a wire has no word for. */
const unsaid: Readonly<Record<string, readonly (keyof EmbeddingInput | keyof EmbeddingRequest)[]>> = {
  'openai-chat': ['task', 'title', 'truncate'],
  gemini: ['user', 'truncate'],
  ollama: ['task', 'title', 'user'],
};

const paths: Readonly<Record<string, RequestPath>> = {
  'openai-chat': { path: '/v1/embeddings', query: '' },
  gemini: { path: '', query: '', model: 'm', verb: 'batchEmbedContents' },
  ollama: { path: '/api/embed', query: '' },
};

const wireOf = (name: ProtocolName) => findEmbeddings(name, paths[name])!;

const inputs: fc.Arbitrary<EmbeddingInput> = fc
  .record({
    text: fc.string({ unit: 'binary' }),
    task: fc.option(fc.constantFrom('RETRIEVAL_QUERY', 'CLUSTERING'), { nil: undefined }),
    title: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
  })
  .map((input) => defined({ kind: 'text' as const, ...input }));

const requests: fc.Arbitrary<EmbeddingRequest> = fc
  .record({
    inputs: fc.array(inputs, { minLength: 1, maxLength: 5 }),
    dimensions: fc.option(fc.integer({ min: 1, max: 4096 }), { nil: undefined }),
    truncate: fc.option(fc.boolean(), { nil: undefined }),
    user: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
  })
  .map((request) => defined({ model: 'm', encoding: 'float' as const, foreign: [], ...request }));

const vectors = fc.array(
  fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 6 }),
  { minLength: 1, maxLength: 5 },
);

const strip = (value: object, names: readonly string[]): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

// -0 and 0 are one number to JSON.
const plain = (numbers: readonly (readonly number[])[]) => numbers.map((each) => each.map((one) => one + 0));

describe.each(embeddingProtocols)('%s', (name) => {
  const wire = wireOf(name);
  const { peek, embeddings } = wire;

  it('reads what it writes, and tells what it cannot write', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const loss = createLossReport();
        const { body } = embeddings.encodeRequest(request, 'm', loss);
        const read = readEmbeddings(wire, Buffer.from(JSON.stringify(body)), paths[name]!);
        const gone = unsaid[name]!;
        expect(read).toEqual({
          ...strip(request, gone),
          inputs: request.inputs.map((input) => strip(input, gone)),
        });
        const told = loss.entries.map(({ path }) => path.split('.').at(-1));
        // A default that another vendor follows without a word is no loss.
        const silent = name === 'gemini' ? request.truncate === true : request.truncate === false;
        const wanted = gone.filter((key) =>
          key in request && !(key === 'truncate' && silent)
            ? true
            : request.inputs.some((input) => key in input),
        );
        expect(new Set(told)).toEqual(new Set(wanted));
      }),
      runs,
    );
  });

  it('reads the vectors that it writes', () => {
    fc.assert(
      fc.property(vectors, fc.constantFrom('float' as const, 'base64' as const), (numbers, encoding) => {
        const request: EmbeddingRequest = { model: 'm', inputs: [], encoding, foreign: [] };
        const text = embeddings.encodeAnswer({ vectors: numbers, usage: { input: 7 } }, request, 3);
        const answer = embeddings.decodeAnswer(JSON.parse(text), numbers.length);
        expect(plain(answer!.vectors)).toEqual(plain(numbers));
        expect(embeddings.decodeAnswer(JSON.parse(text), numbers.length + 1)).toBeUndefined();
      }),
      runs,
    );
  });

  it('scans what a parse reads, and changes the model alone', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 0, max: 3 }), (request, indent) => {
        const { body } = embeddings.encodeRequest(request, 'm', createLossReport());
        const bytes = Buffer.from(JSON.stringify(body, null, indent));
        const seen = peek.request(bytes, { maxDepth: 20 }, paths[name]);
        expect(seen).toMatchObject({ model: 'm', stream: false });
        const other = Buffer.concat(peek.splice(bytes, seen, { model: 'o/p"q' })).toString();
        expect(JSON.parse(other)).toEqual(
          embeddings.encodeRequest(request, 'o/p"q', createLossReport()).body,
        );
      }),
      runs,
    );
  });

  it('passes an answer on, however it is cut, and counts it', () => {
    fc.assert(
      fc.property(vectors, fc.array(fc.nat(400), { maxLength: 6 }), (numbers, cuts) => {
        const request: EmbeddingRequest = { model: 'm', inputs: [], encoding: 'float', foreign: [] };
        const bytes = Buffer.from(
          embeddings.encodeAnswer({ vectors: numbers, usage: { input: 7 } }, request, 3),
        );
        const pipe = peek.unaryPipe();
        const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        );
        const output = places
          .slice(1)
          .flatMap((end, at) => pipe.push(bytes.subarray(places[at], end)).output);
        const last = pipe.end();
        expect(last).toMatchObject({ meaningful: true });
        expect(Buffer.concat([...output, ...last.output].map((piece) => Buffer.from(piece)))).toEqual(bytes);
        expect(pipe.usage()).toEqual(name === 'gemini' ? undefined : { input: 7, output: 0 });
      }),
      runs,
    );
  });
});

describe('a recorded answer of OpenAI', () => {
  if (!areRecordings) console.warn(`recordings are absent (${recordingFolder}): the test is skipped`);

  it.each(embeddingProtocols)('reaches a client of %s without loss', (name) => {
    if (!areRecordings) return;
    const recorded = readFileSync(join(recordingFolder, 'openai/embeddings/openai-embedding.json'));
    const { data } = JSON.parse(recorded.toString()) as { data: { embedding: number[] }[] };
    const request: EmbeddingRequest = {
      model: 'm',
      inputs: [
        { kind: 'text', text: 'a' },
        { kind: 'text', text: 'b' },
      ],
      encoding: 'float',
      foreign: [],
    };
    const { pipe } = translateEmbeddings(request, wireOf(name), wireOf('openai-chat'), 'm', () => 0);
    pipe.push(recorded);
    const text = Buffer.concat(pipe.end().output.map((piece) => Buffer.from(piece))).toString();
    const answer = wireOf(name).embeddings.decodeAnswer(JSON.parse(text), 2);
    expect(answer!.vectors).toEqual(data.map(({ embedding }) => embedding));
    expect(pipe.usage()).toEqual({ input: 12, output: 0 });
  });
});
