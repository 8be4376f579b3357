// Small values of the hub: proofs, names, efforts, usage, data URIs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeText, encodeText, readUri, writeUri } from '../../../src/ir/data-uri.ts';
import { clampEffort, effortOfBudget } from '../../../src/ir/options.ts';
import type { Effort } from '../../../src/ir/options.ts';
import {
  belongsTo,
  isSealed,
  mayHoldSeal,
  sealPrefix,
  sealProof,
  unsealProof,
} from '../../../src/ir/proof.ts';
import type { Proof } from '../../../src/ir/proof.ts';
import { createToolNames, fitCallId } from '../../../src/ir/tool-names.ts';
import { freshInput, mergeUsage } from '../../../src/ir/usage.ts';

describe('a sealed proof', () => {
  test('gives back what was sealed, and is known by its first characters', () => {
    const proof: fc.Arbitrary<Proof> = fc.record({
      wire: fc.string(),
      issuer: fc.string({ minLength: 1 }),
      form: fc.constantFrom('signature' as const, 'redacted' as const),
      data: fc.string({ unit: 'grapheme' }),
    });
    fc.assert(
      fc.property(proof, (one) => {
        const sealed = sealProof(one);
        expect(isSealed(sealed)).toBe(true);
        expect(mayHoldSeal(Buffer.from(JSON.stringify({ text: 'A', sealed })))).toBe(true);
        expect(sealed).toMatch(/^[A-Za-z0-9+/]+=*$/);
        expect(unsealProof(sealed)).toEqual(one);
      }),
    );
  });

  test('without a proof, damaged or foreign holds none', () => {
    expect(unsealProof(sealProof(undefined))).toBeUndefined();
    expect(unsealProof(`${sealPrefix}!!`)).toBeUndefined();
    expect(unsealProof(sealProof({ wire: 'a', form: 'signature', data: 'b' }).slice(0, -6))).toBeUndefined();
    expect(isSealed('EqoBCkYIBRgC')).toBe(false);
    expect(isSealed('')).toBe(false);
    expect(mayHoldSeal(Buffer.from('XaJXX'))).toBe(false);
  });

  test('belongs to its issuer, or to its wire when nobody knows more', () => {
    const proof: Proof = { wire: 'w', issuer: 'a', form: 'signature', data: 'x' };
    expect(belongsTo(proof, 'w', 'a')).toBe(true);
    expect(belongsTo(proof, 'w', 'b')).toBe(false);
    expect(belongsTo(proof, 'v', 'a')).toBe(false);
    expect(belongsTo({ wire: 'w', form: 'signature', data: 'x' }, 'w', 'b')).toBe(true);
  });
});

describe('tool names', () => {
  test('that fit stay; others are changed into distinct ones that fit, and come back', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 20 }),
        (originals) => {
          const names = createToolNames(/^[\w-]+$/, 32);
          const encoded = originals.map((name) => names.encode(name));
          for (const name of encoded) expect(name).toMatch(/^[\w-]{1,32}$/);
          expect(new Set(encoded).size).toBe(originals.length);
          expect(encoded.map((name) => names.decode(name))).toEqual(originals);
        },
      ),
    );
  });

  test('are the same in every process', () => {
    expect(createToolNames(/^[\w-]+$/, 64).encode('files.read/all')).toBe('files_read_all_d83356d2');
    expect(fitCallId('functions.a:0')).toBe('functions_a_0_ac78e4a1');
    expect(fitCallId('call_abc')).toBe('call_abc');
  });
});

describe('effort', () => {
  test.each<[Effort, Effort[], Effort | undefined]>([
    ['high', ['low', 'medium', 'high'], 'high'],
    ['max', ['low', 'medium', 'high'], 'high'],
    ['minimal', ['low', 'medium', 'high'], 'low'],
    ['none', ['minimal', 'low'], 'minimal'],
    ['xhigh', ['max', 'low'], 'low'],
    ['low', [], undefined],
  ])('%s among %j is %s', (wanted, available, expected) => {
    expect(clampEffort(wanted, available)).toBe(expected);
  });

  test.each([
    [1024, 'minimal'],
    [2048, 'low'],
    [8192, 'medium'],
    [16_384, 'high'],
  ])('a budget of %i is %s', (budget, expected) => {
    expect(effortOfBudget(budget)).toBe(expected);
  });
});

describe('usage', () => {
  test('later reports win, but a zero erases nothing', () => {
    expect(mergeUsage({ input: 5, output: 1 }, { output: 9, input: 0 })).toEqual({ input: 5, output: 9 });
    expect(mergeUsage(undefined, { input: 0 })).toEqual({ input: 0 });
  });

  test('fresh input is never negative', () => {
    expect(freshInput({ input: 10, cacheRead: 4, cacheWrite: 1 })).toBe(5);
    expect(freshInput({ input: 3, cacheRead: 9 })).toBe(0);
  });
});

describe('data URIs', () => {
  test('of Base64 keep their bytes, of percent signs are re-coded', () => {
    const source = readUri('data:image/png;base64,AAAA', 'x/y');
    expect(source).toEqual({ kind: 'data', mediaType: 'image/png', data: 'AAAA' });
    expect(source.kind === 'data' && writeUri(source)).toBe('data:image/png;base64,AAAA');
    const plain = readUri('data:text/plain;charset=utf-8,h%C3%A9llo%20%', 'x/y');
    expect(plain).toMatchObject({ kind: 'data', mediaType: 'text/plain' });
    expect(readUri('data:,a', 'text/plain')).toEqual({ kind: 'data', mediaType: 'text/plain', data: 'YQ==' });
    expect(readUri('https://example.com/a.png', 'x/y')).toEqual({
      kind: 'url',
      url: 'https://example.com/a.png',
    });
    expect(readUri('data:broken', 'x/y')).toEqual({ kind: 'data', mediaType: 'x/y', data: '' });
  });

  test('text survives Base64; what is no text is nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeText(encodeText(text))).toBe(text);
      }),
    );
    expect(decodeText('/w==')).toBeUndefined();
    expect(decodeText('not base64!')).toBeUndefined();
  });
});
