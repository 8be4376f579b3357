// The scanner must accept exactly what JSON.parse accepts (objects only), and find the same keys and values.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JsonFault,
  isTrueAt,
  numberAt,
  prepareKeys,
  scanObject,
  stringAt,
  typeAt,
} from '../../../src/lib/json-scan.ts';

const runs = { numRuns: Number(process.env.FC_RUNS ?? 300) };
const keys = prepareKeys(['model', 'stream', 'messages', 'max_tokens']);

// Any position in memory: the scanner reads whole words from wherever the buffer happens to start.
const placed = (text: string, shift: number) => Buffer.from(' '.repeat(shift) + text).subarray(shift);

const scan = (text: string | Uint8Array, depth = 64) =>
  scanObject(typeof text === 'string' ? Buffer.from(text) : text, keys, depth);

function faultOf(text: string | Uint8Array, depth = 64): JsonFault {
  try {
    scan(text, depth);
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
  throw new Error(`accepted: ${String(text)}`);
}

describe('scanObject', () => {
  it('gives the spans of the wanted top-level keys and of no others', () => {
    const body = Buffer.from(
      '{"a":{"model":"no"},"model" : "gpt-5" ,"messages":[{"stream":1}],"max_tokens":-1.5e3,"stream":true}',
    );
    const spans = scan(body);
    expect(Object.keys(spans).sort()).toEqual(['max_tokens', 'messages', 'model', 'stream']);
    expect(stringAt(body, spans.model!)).toBe('gpt-5');
    expect(numberAt(body, spans.max_tokens!)).toBe(-1500);
    expect(isTrueAt(body, spans.stream!)).toBe(true);
    expect(typeAt(body, spans.messages!)).toBe('array');
    expect(body.subarray(spans.messages!.start, spans.messages!.end).toString()).toBe('[{"stream":1}]');
  });

  it('sees a key and a value through escapes', () => {
    const body = Buffer.from(String.raw`{"mod\u0065l":"a\"b\u00e9\\","\u0073tream":false}`);
    const spans = scan(body);
    expect(stringAt(body, spans.model!)).toBe('a"bé\\');
    expect(isTrueAt(body, spans.stream!)).toBe(false);
  });

  it('gives each string its own text, whatever was read before it', () => {
    const texts = [
      'gpt-5',
      'gpt-4',
      'gpt-5',
      'é-23',
      String.raw`\u0067`,
      'abcdef',
      String.raw`a\nbc`,
      'é-23',
      '',
    ];
    for (const text of [...texts, 'x'.repeat(63), 'y'.repeat(63), 'x'.repeat(64), 'y'.repeat(64)]) {
      const body = Buffer.from(`{"model":"${text}"}`);
      expect(stringAt(body, scan(body).model!)).toBe(JSON.parse(`"${text}"`));
    }
  });

  it('treats __proto__ as a key like any other', () => {
    const spans = scan('{"__proto__":{"model":"x"},"constructor":1,"toString":2}');
    expect(spans).toEqual({});
    expect(Object.getPrototypeOf(spans)).not.toHaveProperty('model');
  });

  it.each([
    ['plain and plain', '{"model":"a","x":1,"model":"b"}'],
    ['plain and escaped', String.raw`{"model":"a","mode\u006c":"b"}`],
    ['escaped twice', String.raw`{"\u006dodel":"a","mode\u006c":"b"}`],
  ])('refuses a wanted key that stands twice: %s', (_name, text) => {
    expect(faultOf(text)).toMatchObject({ kind: 'duplicate', key: 'model' });
  });

  it('lets a key repeat that nobody wanted, and a wanted one below the top', () => {
    expect(() => scan('{"x":1,"x":2,"y":{"model":1,"model":2}}')).not.toThrow();
  });

  it('counts the depth of objects and arrays alike', () => {
    expect(() => scan('{"a":[{"b":[]}]}', 4)).not.toThrow();
    expect(faultOf('{"a":[{"b":[]}]}', 3)).toMatchObject({ kind: 'depth' });
    expect(faultOf(`{"a":${'['.repeat(1_000_000)}`)).toMatchObject({ kind: 'depth' });
  });

  it.each([
    ['', 0],
    ['   ', 3],
    ['[]', 0],
    ['{"a":01}', 6],
    ['{"a":"\n"}', 6],
    ['{"a":1,}', 7],
    ['{"a":[1,]}', 8],
    ['{"a":tru}', 8],
    ['{"a":"\\x"}', 6],
    ['{"a":1} x', 8],
    ['{"a":"', 6],
    ['\uFEFF{}', 0],
  ])('names the byte at fault in %j', (text, offset) => {
    expect(faultOf(text)).toMatchObject({ kind: 'syntax', offset });
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(faultOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toMatchObject({ kind: 'utf8' });
    expect(faultOf(Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d]))).toMatchObject({
      kind: 'utf8',
    });
  });

  it('scans a range inside larger bytes', () => {
    const body = Buffer.from('junk{"model":"x"}junk');
    const spans = scanObject(body, keys, 8, 4, 17);
    expect(stringAt(body, spans.model!)).toBe('x');
  });
});

describe('agreement with JSON.parse', () => {
  const object = fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('model', 'stream', 'messages')),
    fc.jsonValue(),
  );

  it('accepts every object that JSON.stringify writes and finds the same values', () => {
    fc.assert(
      fc.property(object, fc.constantFrom(undefined, 1, '\t'), fc.nat(7), (value, indent, shift) => {
        const body = placed(JSON.stringify(value, null, indent), shift);
        const spans = scan(body, 200);
        const parsed = JSON.parse(body.toString()) as Record<string, unknown>;
        for (const name of keys.names) {
          expect(spans[name] !== undefined).toBe(Object.hasOwn(parsed, name));
          const span = spans[name];
          if (span) expect(JSON.parse(body.subarray(span.start, span.end).toString())).toEqual(parsed[name]);
        }
      }),
      runs,
    );
  });

  it('agrees on texts that one to three edits have damaged', () => {
    const edit = fc.record({
      at: fc.nat(1000),
      cut: fc.nat(2),
      text: fc.constantFrom(
        '',
        '"',
        '\\',
        ',',
        ':',
        '{',
        '}',
        '[',
        ']',
        '0',
        '-',
        '.',
        'e',
        't',
        'null',
        '\n',
        '\u0001',
        ' ',
        'é',
        '\\u12',
      ),
    });
    fc.assert(
      fc.property(
        object,
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        fc.nat(7),
        (value, edits, shift) => {
          let text = JSON.stringify(value);
          for (const { at, cut, text: added } of edits) {
            const place = at % (text.length + 1);
            text = text.slice(0, place) + added + text.slice(place + cut);
          }
          if (!text.isWellFormed()) return;
          let expected: unknown;
          try {
            expected = JSON.parse(text);
          } catch {
            expected = undefined;
          }
          const acceptable = typeof expected === 'object' && expected !== null && !Array.isArray(expected);
          const body = placed(text, shift);
          let accepted = true;
          try {
            scan(body, 200);
          } catch (error) {
            // A doubled key is the one thing that JSON.parse lets pass and the scanner does not.
            if (error instanceof JsonFault && error.kind === 'duplicate') return;
            accepted = false;
          }
          expect(accepted, JSON.stringify(text)).toBe(acceptable);
        },
      ),
      runs,
    );
  });

  it('agrees on long texts with something special anywhere in them', () => {
    const piece = fc.constantFrom(
      '"',
      '\\\\',
      '\\"',
      '\\n',
      '\n',
      '\u001f',
      '\u0000',
      'ü',
      '🜁',
      '\u007f',
      ' ',
      '"}',
      '"',
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(6000), fc.constantFrom('x', 'é', '漢'), piece), { maxLength: 4 }),
        fc.nat(7),
        (stretches, shift) => {
          const content = stretches.map(([length, sign, special]) => sign.repeat(length) + special);
          const text = `{"a":"${content.join('')}","model":"m"}`;
          let model: unknown;
          try {
            ({ model } = JSON.parse(text) as { model?: unknown });
          } catch {
            model = undefined;
          }
          const body = placed(text, shift);
          let found: unknown;
          try {
            found = stringAt(body, scan(body).model!);
          } catch (error) {
            if (!(error instanceof JsonFault)) throw error;
          }
          expect(found, JSON.stringify(text)).toBe(model);
        },
      ),
      runs,
    );
  });

  it('agrees on random bytes near the special ones, at every alignment', () => {
    const byte = fc.oneof(
      fc.constantFrom(0x1f, 0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x5d, 0x7f, 0x00, 0x6e),
      fc.nat(0x7f),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), fc.nat(7), (bytes, shift) => {
        const text = `{"k":"${Buffer.from(bytes).toString('latin1')}"}`;
        let acceptable = true;
        try {
          JSON.parse(text);
        } catch {
          acceptable = false;
        }
        let accepted = true;
        try {
          scan(placed(text, shift));
        } catch {
          accepted = false;
        }
        expect(accepted, JSON.stringify(text)).toBe(acceptable);
      }),
      runs,
    );
  });
});
