import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instantiate } from '../../../src/upstream/sandbox/schema-instance.ts';

test.each<[string, unknown, unknown]>([
  ['const', { const: 5 }, 5],
  ['enum', { enum: ['b', 'a'] }, 'b'],
  ['default', { type: 'string', default: 'd' }, 'd'],
  ['nullable type list', { type: ['null', 'integer'] }, 0],
  ['anyOf takes the first branch', { anyOf: [{ type: 'boolean' }, { type: 'string' }] }, true],
  [
    'allOf unites',
    {
      allOf: [
        { required: ['a'], properties: { a: { const: 1 } } },
        { required: ['b'], properties: { b: { const: 2 } } },
      ],
    },
    { a: 1, b: 2 },
  ],
  [
    'required members only',
    { type: 'object', properties: { a: { type: 'null' }, b: {} }, required: ['a'] },
    { a: null },
  ],
  ['array bounds', { type: 'array', minItems: 2, items: { type: 'integer', minimum: 3 } }, [3, 3]],
  ['tuples', { type: 'array', prefixItems: [{ const: 'x' }, { const: 'y' }] }, ['x', 'y']],
  ['string bounds', { type: 'string', minLength: 10 }, 'sandboxxxx'],
  ['short strings', { type: 'string', maxLength: 3 }, 'san'],
  ['formats', { type: 'string', format: 'email' }, 'sandbox@example.com'],
  ['number bounds', { type: 'integer', exclusiveMinimum: 3 }, 4],
  ['upper bound below zero', { type: 'number', maximum: -2 }, -2],
  ['multiples', { type: 'integer', minimum: 5, multipleOf: 4 }, 8],
  [
    'Gemini spelling',
    { type: 'OBJECT', properties: { n: { type: 'STRING' } }, required: ['n'] },
    { n: 'sandbox' },
  ],
  ['references', { $ref: '#/$defs/a~1b', $defs: { 'a/b': { const: 'far' } } }, 'far'],
  ['a reference that leads nowhere', { $ref: '#/nope' }, null],
  ['no schema at all', undefined, null],
])('%s', (_, schema, instance) => {
  expect(instantiate(schema)).toEqual(instance);
});

test('a recursive schema ends', () => {
  const schema = { type: 'object', properties: { child: { $ref: '#' } }, required: ['child'] };
  expect(JSON.stringify(instantiate(schema))).toContain('null');
});

test('a property called __proto__ stays a property', () => {
  const instance = instantiate({
    type: 'object',
    required: ['__proto__'],
    properties: JSON.parse('{"__proto__":{"const":1}}'),
  });
  expect(Object.keys(instance as object)).toEqual(['__proto__']);
});

test('instances of arbitrary schemas are valid', () => {
  const leaf = fc.oneof(
    fc.record({ type: fc.constant('string'), minLength: fc.nat(12) }),
    fc.record({ type: fc.constant('integer'), minimum: fc.integer({ min: -99, max: 99 }) }),
    fc.record({ type: fc.constantFrom('number', 'boolean', 'null', 'string') }),
    fc.record({ enum: fc.uniqueArray(fc.string(), { minLength: 1 }) }),
  );
  const { schema } = fc.letrec<{ schema: unknown }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3) }),
      fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('schema'), { minKeys: 1 }).map((properties) => ({
        type: 'object',
        properties,
        required: Object.keys(properties),
        additionalProperties: false,
      })),
    ),
  }));
  const ajv = new Ajv2020({ strict: false });
  fc.assert(
    fc.property(schema, (each) => ajv.validate(each as object, instantiate(each))),
    { numRuns: Number(process.env['FC_RUNS'] ?? 300) },
  );
}, 120_000);
