// What is taken for a secret, and what must not be: names of models, digests, references, numbers.
import { describe, expect, it } from 'vitest';
import { findSecrets, maskSecrets } from '../../../src/diagnostics/secret-shapes.ts';

// Put together at run time, so that no scanner takes this file for a leak.
const join = (...parts: readonly string[]) => parts.join('');
const token = (prefix: string, length: number) =>
  prefix + 'aB3dE5gH7jK9mN1pQ4sT6vW8yZ2bC4'.repeat(4).slice(0, length);

describe('found', () => {
  it.each([
    [token(join('sk-', 'ant-api03-'), 40), 'an Anthropic key'],
    [token(join('sk-', 'or-v1-'), 40), 'an OpenRouter key'],
    [token(join('sk-', 'proj-'), 40), 'an API key'],
    [token('sk-', 40), 'an API key'],
    [token(join('AI', 'za'), 35), 'a Google API key'],
    [join('AK', 'IAIOSFODNN7EXAMPLE'), 'an AWS access key'],
    [token(join('gh', 'p_'), 36), 'a GitHub token'],
    [token(join('github', '_pat_'), 40), 'a GitHub token'],
    [token(join('gsk', '_'), 40), 'an API key'],
    [token(join('xai', '-'), 40), 'an API key'],
    [token(join('hf', '_'), 34), 'a Hugging Face token'],
    [[token('eyJ', 20), token('eyJ', 20), token('', 20)].join('.'), 'a JSON web token'],
    [join('-----BEGIN RSA PRIVATE', ' KEY-----'), 'a private key'],
    [token('', 32), 'a token without any pattern'],
    ['9f86d081884c7d659a2feaa0c55ad015', 'a token without any pattern'],
  ])('%s is %s', (text, kind) => {
    expect(findSecrets(`x ${text} y`)).toEqual([{ start: 2, end: 2 + text.length, kind }]);
  });

  it('sees the password of a URL', () => {
    expect(findSecrets('http://user:s3cret@host/x')).toEqual([
      { start: 12, end: 18, kind: 'a password inside a URL' },
    ]);
  });
});

describe('left alone', () => {
  it.each([
    'anthropic/claude-sonnet-4-5-20250929',
    'openai/gpt-5.1-codex-max-2026-01-01',
    'meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8',
    'accounts/fireworks/models/llama4-maverick-instruct-basic',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    '${env:ANTHROPIC_API_KEY}',
    'https://api.example.com/v1/models',
    'request.inputTokens > 180000 && request.model.startsWith("claude-")',
    'Answer briefly, in the language of the question, and name your sources.',
    'mon-fri 09:00-17:00 America/Argentina/Buenos_Aires',
    'omniroute/{actor}-{change}',
    '12345678901234567890123456789012',
    '3fa85f64-5717-4562-b3fc-2c963f66afa6',
    'http://127.0.0.1:8000/v1',
  ])('%s', (text) => {
    expect(findSecrets(text)).toEqual([]);
  });
});

it('masks values behind names that speak of secrets, whatever they look like', () => {
  expect(maskSecrets('password: hunter2 # x')).toBe('password: ••••••• # x');
  expect(maskSecrets(`{ apiKey: 'abc', "client_secret": "d e", token: f }`)).toBe(
    `{ apiKey: •••••, "client_secret": •••••, token: • }`,
  );
  expect(maskSecrets('Authorization: Bearer abc')).toBe('Authorization: Bearer •••');
  expect(maskSecrets('maxOutputTokens: 4096, tokens: 200000/min')).toBe(
    'maxOutputTokens: 4096, tokens: 200000/min',
  );
  expect(maskSecrets('requireApiKey: true')).toBe('requireApiKey: true');
  expect(maskSecrets('apiKey: ${env:X}, clientSecret: "${secret:y}"')).toBe(
    'apiKey: ${env:X}, clientSecret: "${secret:y}"',
  );
});
