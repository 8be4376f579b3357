import { describe, expect, test } from 'vitest';
import { isStrictSchema, restrictSchema } from '../../../src/lib/json-schema.ts';

const subset = {
  keywords: new Set<string>(),
  formats: new Set(['date']),
  minItems: (count: unknown) => count === 1,
};

describe('a restricted schema', () => {
  test('says in words what it may not say in keywords, at every depth', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      description: 'Top',
      properties: {
        a: { type: 'string', minLength: 2, format: 'phone', description: 'A' },
        b: {
          type: 'array',
          items: { oneOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }] },
          minItems: 1,
          maxItems: 3,
        },
        c: { $ref: '#/definitions/c' },
        d: { type: 'string', format: 'date' },
        minLength: { type: 'string' },
      },
      required: ['a'],
      additionalProperties: true,
      definitions: { c: { enum: [1, 2] } },
    };
    expect(restrictSchema(schema, subset)).toEqual({
      type: 'object',
      description: 'Top',
      properties: {
        a: { type: 'string', description: 'A (minLength: 2, format: "phone")' },
        b: {
          type: 'array',
          items: { anyOf: [{ type: 'integer', description: '(minimum: 0)' }, { type: 'null' }] },
          minItems: 1,
          description: '(maxItems: 3)',
        },
        c: { $ref: '#/$defs/c' },
        d: { type: 'string', format: 'date' },
        minLength: { type: 'string' },
      },
      required: ['a'],
      additionalProperties: false,
      $defs: { c: { enum: [1, 2] } },
    });
  });
});

describe('strictness', () => {
  const closed = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  };

  test.each([
    [closed, true],
    [{ ...closed, required: [] }, false],
    [{ ...closed, additionalProperties: true }, false],
    [{ ...closed, properties: { a: { type: 'object' } } }, false],
    [{ ...closed, properties: { a: { type: 'array', items: closed } } }, true],
    [{ ...closed, properties: { a: { anyOf: [closed, { type: 'null' }] } } }, true],
    [{ ...closed, $defs: { x: { type: 'object' } } }, false],
    [{ type: 'object' }, false],
  ])('%j is %s', (schema, expected) => {
    expect(isStrictSchema(schema)).toBe(expected);
  });
});
