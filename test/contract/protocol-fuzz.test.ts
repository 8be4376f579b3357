// Decoders meet what anybody may send: whatever the bytes are, a request is refused with a 4xx that names the fault, and
// an answer ends in exactly one end or failure. Inputs are the goldens with parts of them replaced.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGatewayError } from '../../src/errors.ts';
import { answerPipe, createIds, feed, translate, wireNames, wires } from '../support/translation.ts';
import type { WireName } from '../support/translation.ts';
import { traits } from '../support/wire-traits.ts';

const numRuns = Number(process.env['FC_RUNS'] ?? 300);
const golden = join(import.meta.dirname, '../golden');

describe.each(wireNames)('%s', (wire) => {
  test.each(wireNames)('a damaged request for %s is translated or refused by name', (upstream) => {
    const samples = readAll(`requests/${wire}`).map(
      (file) => JSON.parse(file) as { readonly request: unknown; readonly path?: string },
    );
    const asked = fc
      .constantFrom(...samples)
      .chain(({ request, path }) => damaged([request]).map((body) => ({ body, path })));
    fc.assert(
      fc.property(asked, ({ body, path }) => {
        try {
          translate(wire, upstream, body, { model: 'claude-sonnet-4-5' }, path);
        } catch (error) {
          if (!isGatewayError(error)) throw error;
          expect(error.status).toBeGreaterThanOrEqual(400);
          expect(error.status).toBeLessThan(500);
        }
      }),
      { numRuns: numRuns * 3 },
    );
  });

  test.each(wireNames)('a damaged answer for %s ends once', (client) => {
    const samples = readAll(`responses/${wire}`).map(
      (file) => (JSON.parse(file) as { answer: unknown }).answer,
    );
    fc.assert(
      fc.property(damaged(samples), fc.boolean(), (body, stream) => {
        const request = stream ? { stream: true } : {};
        const pipe = answerPipe(client, wire, { stream: false, request });
        const { text, failure } = feed(pipe, Buffer.from(JSON.stringify(body) ?? ''));
        if (failure === undefined && !stream) expect(() => JSON.parse(text) as unknown).not.toThrow();
        if (failure !== undefined) expect(failure.message.length).toBeGreaterThan(0);
      }),
      { numRuns: numRuns * 3 },
    );
  });

  test('a damaged stream ends once', () => {
    const frames = traits[wire].frames;
    const samples = readAll(`streams/${wire}`, frames === 'lines' ? '.ndjson' : '.sse').map((file) =>
      frames === 'lines' ? file.split('\n').map(readLine) : file.split(/\r?\n\r?\n/).map(readFrame),
    );
    fc.assert(
      fc.property(damaged(samples), fc.integer({ min: 1, max: 200 }), (broken, size) => {
        const events: string[] = [];
        const decoder = wires[wire].codec.createAnswerDecoder({ issuer: 'x', newId: createIds() }, (event) =>
          events.push(event.type),
        );
        const bytes = Buffer.from(frames === 'lines' ? renderLines(broken) : renderFrames(broken));
        for (let at = 0; at < bytes.length; at += size) decoder.push(bytes.subarray(at, at + size));
        decoder.end();
        const ends = events.filter((type) => type === 'answer-end' || type === 'answer-fail');
        expect(ends).toHaveLength(1);
        expect(events.at(-1)).toBe(ends[0]);
      }),
      { numRuns: numRuns * 3 },
    );
  });

  test('any bytes at all end once, passed through or decoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
        for (const client of wireNames) feed(answerPipe(client, wire, { stream: true }), bytes, [size]);
        feed(wires[wire].peek.streamPipe({ withholdUsage: true }), bytes, [size]);
        feed(wires[wire].peek.unaryPipe(), bytes, [size]);
      }),
      { numRuns },
    );
  });
});

/** One of the samples with one to three places replaced, doubled or taken away. */
function damaged(samples: readonly unknown[]): Arbitrary<unknown> {
  const change = fc.record({
    at: fc.nat(),
    how: fc.constantFrom('replace', 'delete', 'wrap', 'double'),
    value: odd,
  });
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([sample, changes]) =>
      changes.reduce<unknown>((body, one) => damage(body, one), structuredClone(sample)),
    );
}

const odd = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1e308,
    '',
    ' ',
    '{}',
    [],
    {},
    [null],
    [[]],
    '__proto__',
    'data:,x',
    '\ud800',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

interface Change {
  readonly at: number;
  readonly how: string;
  readonly value: unknown;
}

function damage(root: unknown, { at, how, value }: Change): unknown {
  const places: [parent: Record<string, unknown>, key: string][] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(root);
  if (places.length === 0) return structuredClone(value);
  const [parent, key] = places[at % places.length]!;
  if (how === 'delete') {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  } else if (how === 'double' && Array.isArray(parent)) parent.push(structuredClone(parent[Number(key)]));
  else parent[key] = how === 'wrap' ? [parent[key]] : structuredClone(value);
  return root;
}

function readAll(folder: string, ending = '.json'): readonly string[] {
  const files = readdirSync(join(golden, folder)).filter(
    (file) => file.endsWith(ending) && file.split('.').length === 2,
  );
  return files.map((file) => readFileSync(join(golden, folder, file), 'utf8'));
}

interface Frame {
  readonly event: string;
  readonly data: unknown;
}

function readFrame(text: string): Frame {
  const data = /^data: ?(.*)$/m.exec(text)?.[1] ?? '';
  try {
    return { event: /^event: ?(.*)$/m.exec(text)?.[1] ?? '', data: JSON.parse(data) as unknown };
  } catch {
    return { event: '', data };
  }
}

function readLine(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function renderLines(lines: unknown): string {
  if (!Array.isArray(lines)) return String(lines);
  return (lines as unknown[])
    .map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    .join('');
}

function renderFrames(frames: unknown): string {
  if (!Array.isArray(frames)) return String(frames);
  return (frames as Partial<Frame>[])
    .map((frame) => {
      const data = typeof frame?.data === 'string' ? frame.data : JSON.stringify(frame?.data);
      return `${frame?.event ? `event: ${String(frame.event)}\n` : ''}data: ${data}\n\n`;
    })
    .join('');
}

test('the samples are there', () => {
  for (const wire of wireNames satisfies readonly WireName[])
    expect(readAll(`requests/${wire}`).length).toBeGreaterThan(5);
});
