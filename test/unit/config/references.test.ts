import { describe, expect, test } from 'vitest';
import { parseReference, renderReference, splitReferences } from '../../../src/config/references.ts';

describe('a reference', () => {
  test.each([
    ['${env:OPENAI_API_KEY}', { source: 'env', name: 'OPENAI_API_KEY' }],
    ['${env:X:-fallback}', { source: 'env', name: 'X', fallback: 'fallback' }],
    ['${env:X:-}', { source: 'env', name: 'X', fallback: '' }],
    ['${env:X:-a:-b}', { source: 'env', name: 'X', fallback: 'a:-b' }],
    ['${file:/run/secrets/x}', { source: 'file', name: '/run/secrets/x' }],
    ['${file:secrets/x.txt}', { source: 'file', name: 'secrets/x.txt' }],
    ['${secret:anthropic-spare}', { source: 'secret', name: 'anthropic-spare' }],
  ])('%s', (text, reference) => {
    expect(parseReference(text)).toEqual(reference);
  });

  test.each([
    '',
    'text',
    '${env:}',
    '${env:1X}',
    '${env:A B}',
    '${secret:../x}',
    '${file:}',
    '${env:X',
    ' ${env:X}',
    '${env:X}${env:Y}',
    '$${env:X}',
    '${ENV:X}',
    '${X}',
  ])('is not %j', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });

  test('is rendered without its fallback, which may be a secret', () => {
    expect(renderReference({ source: 'env', name: 'X', fallback: 'hunter2' })).toBe('${env:X}');
  });
});

describe('a text is cut at its references', () => {
  test('text around and between stays', () => {
    expect(splitReferences('http://${env:HOST}:${env:PORT:-80}/v1')).toEqual([
      { kind: 'text', text: 'http://' },
      { kind: 'reference', reference: { source: 'env', name: 'HOST' } },
      { kind: 'text', text: ':' },
      { kind: 'reference', reference: { source: 'env', name: 'PORT', fallback: '80' } },
      { kind: 'text', text: '/v1' },
    ]);
  });

  test('a doubled dollar is a literal one', () => {
    expect(splitReferences('say $${env:X} and ${ x }')).toEqual([
      { kind: 'text', text: 'say ${env:X} and ${ x }' },
    ]);
  });

  test.each([
    ['${evn:X}', { kind: 'unknown-source', name: 'evn' }],
    ['${HOME}', { kind: 'unknown-source', name: 'HOME' }],
    ['${env:a-b}', { kind: 'malformed' }],
    ['${secret:x', { kind: 'malformed' }],
  ])('%s is told apart', (text, piece) => {
    expect(splitReferences(text)).toEqual([piece]);
  });
});
