// Google's dialect of schemas and JSON Schema, both ways; and the one repair of a request that was refused for them.
import { describe, expect, it } from 'vitest';
import type { UpstreamFailure } from '../../../../src/errors.ts';
import { repairBody } from '../../../../src/protocols/gemini/repair.ts';
import { fromGoogle, readSchema, toGoogle } from '../../../../src/protocols/gemini/schema.ts';

describe('JSON Schema in Google’s dialect', () => {
  it.each<[string, object, object]>([
    ['a type with null', { type: ['string', 'null'] }, { type: 'string', nullable: true }],
    ['several types', { type: ['string', 'integer'] }, { anyOf: [{ type: 'string' }, { type: 'integer' }] }],
    ['const', { const: 'a' }, { type: 'string', enum: ['a'] }],
    [
      'numbers to choose from',
      { enum: [1, 2], type: 'integer' },
      { type: 'integer', description: '(one of 1, 2)' },
    ],
    [
      'oneOf with null',
      { oneOf: [{ type: 'string' }, { type: 'null' }] },
      { type: 'string', nullable: true },
    ],
    ['an array without items', { type: 'array' }, { type: 'array', items: { type: 'string' } }],
    [
      'unknown names that are required',
      {
        type: 'object',
        properties: { a: { type: 'string' } },
        required: ['a', 'b'],
        additionalProperties: false,
      },
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
    ],
    [
      'what only words can say',
      { type: 'number', exclusiveMinimum: 0, multipleOf: 2, description: 'Even.' },
      { type: 'number', description: 'Even. (exclusiveMinimum: 0, multipleOf: 2)' },
    ],
    [
      'references and allOf',
      {
        $defs: { id: { type: 'string', minLength: 1 } },
        type: 'object',
        properties: { id: { $ref: '#/$defs/id', description: 'Which.' } },
        allOf: [{ properties: { n: { type: 'integer' } }, required: ['n'] }],
      },
      {
        type: 'object',
        properties: { n: { type: 'integer' }, id: { type: 'string', minLength: 1, description: 'Which.' } },
        required: ['n'],
      },
    ],
  ])('%s', (_, schema, expected) => {
    expect(toGoogle({ ...schema })).toEqual(expected);
  });

  it('ends in a schema that contains itself', () => {
    const tree = { $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } } };
    const converted = JSON.stringify(toGoogle({ ...tree, $ref: '#/$defs/node' }));
    expect(converted).not.toContain('$ref');
    expect(converted.length).toBeLessThan(2000);
  });
});

describe('Google’s dialect as JSON Schema', () => {
  it('has types in lower case, null as a type, counts as numbers', () => {
    const google = {
      type: 'OBJECT',
      properties: {
        a: { type: 'STRING', nullable: true },
        b: { type: 'ARRAY', items: { type: 'INTEGER' }, min_items: '2' },
      },
      propertyOrdering: ['a', 'b'],
    };
    const plain = {
      type: 'object',
      properties: {
        a: { type: ['string', 'null'] },
        b: { type: 'array', items: { type: 'integer' }, minItems: 2 },
      },
    };
    expect(fromGoogle(google)).toEqual(plain);
    expect(readSchema(google)).toEqual(plain);
    expect(readSchema(plain)).toBe(plain);
  });
});

describe('a request that was refused', () => {
  const failure = (message: string): UpstreamFailure => ({ class: 'invalid_request', status: 400, message });
  const parametersJsonSchema = { type: 'object', properties: { a: { const: 'x' } } };
  const body = {
    contents: [],
    tools: [
      {
        functionDeclarations: [
          { name: 'f', parametersJsonSchema },
          { name: 'g', parametersJsonSchema: { type: 'object' } },
        ],
      },
      { googleSearch: {} },
    ],
    generationConfig: { topK: 1, responseJsonSchema: { type: 'array', items: { type: ['string', 'null'] } } },
  };

  it('is written in the older dialect where it was about schemas', () => {
    expect(repairBody(body, failure('Unknown name "parametersJsonSchema" at tools[0]'))).toEqual({
      contents: [],
      tools: [
        {
          functionDeclarations: [
            { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string', enum: ['x'] } } } },
            { name: 'g' },
          ],
        },
        { googleSearch: {} },
      ],
      generationConfig: {
        topK: 1,
        responseSchema: { type: 'array', items: { type: 'string', nullable: true } },
      },
    });
  });

  it('is left where it was not, or where nothing can be written otherwise', () => {
    expect(repairBody(body, failure('Thinking level MINIMAL is not supported'))).toBeUndefined();
    expect(repairBody(body, { class: 'overloaded', message: 'schema' })).toBeUndefined();
    expect(repairBody({ contents: [] }, failure('Invalid schema'))).toBeUndefined();
  });
});
