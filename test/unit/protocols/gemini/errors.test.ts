// Failures as Google's clients read them.
import { ApiError, GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../../../src/errors.ts';
import type { FailureClass } from '../../../../src/errors.ts';
import { gemini } from '../../../../src/protocols/gemini/index.ts';

const { errors } = gemini;

describe('an upstream failure', () => {
  it.each<[FailureClass, number | undefined, number, string]>([
    ['invalid_request', 400, 400, 'INVALID_ARGUMENT'],
    ['invalid_request', 422, 400, 'INVALID_ARGUMENT'],
    ['context_length', 400, 400, 'INVALID_ARGUMENT'],
    ['authentication', 401, 401, 'UNAUTHENTICATED'],
    ['billing', 402, 429, 'RESOURCE_EXHAUSTED'],
    ['permission', 403, 403, 'PERMISSION_DENIED'],
    ['not_found', 404, 404, 'NOT_FOUND'],
    ['conflict', 409, 409, 'ABORTED'],
    ['rate_limit', 429, 429, 'RESOURCE_EXHAUSTED'],
    ['upstream', 500, 500, 'INTERNAL'],
    ['overloaded', 529, 503, 'UNAVAILABLE'],
    ['timeout', undefined, 504, 'DEADLINE_EXCEEDED'],
    ['connection', undefined, 502, 'UNAVAILABLE'],
  ])('%s %s is %s %s', (kind, status, code, name) => {
    const failure = { class: kind, message: 'M', ...(status !== undefined && { status }) };
    const rendered = errors.encodeUpstream(failure, 'r');
    expect(rendered.status).toBe(code);
    expect(JSON.parse(rendered.body)).toMatchObject({ error: { code, message: 'M', status: name } });
  });

  it('names the wait in the body as well', () => {
    const failure = { class: 'rate_limit', status: 429, message: 'Slow', retryAfter: 1500 } as const;
    const { body, headers } = errors.encodeUpstream(failure, 'r');
    expect(headers).toEqual({ 'Retry-After': '2' });
    expect(JSON.parse(body)).toMatchObject({
      error: { details: [{}, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' }] },
    });
    expect(errors.decode(429, {}, body, 0)).toMatchObject({ class: 'rate_limit', retryAfter: 2000 });
  });

  it('keeps which quota is used up, for clients that wait for one of a minute only', () => {
    const quota = {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }],
    };
    const noise = { '@type': 'type.googleapis.com/google.rpc.Help', links: [] };
    const error = { code: 429, message: 'Quota', status: 'RESOURCE_EXHAUSTED', details: [noise, quota] };
    const failure = errors.decode(429, {}, JSON.stringify({ error }), 0);
    expect(JSON.parse(errors.encodeUpstream(failure, 'r').body)).toMatchObject({
      error: { code: 429, details: [{ reason: 'RESOURCE_EXHAUSTED' }, quota] },
    });
    const endless = { ...quota, violations: [{ quotaId: 'x'.repeat(5000) }] };
    const large = JSON.stringify({ error: { ...error, details: [endless] } });
    expect(errors.decode(429, {}, large, 0)).not.toHaveProperty('quota');
  });

  it('names no address', () => {
    const failure = { class: 'connection', message: 'The upstream is away.', code: 'ECONNREFUSED' } as const;
    expect(errors.encodeUpstream(failure, 'r').body).not.toContain('ECONN');
  });
});

describe('a failure of the gateway', () => {
  it('has its own code as the reason, and the field at fault', () => {
    const error = new GatewayError('invalid_body', '"contents" is missing.', { param: 'contents' });
    expect(JSON.parse(errors.encode(error, 'r').body)).toEqual({
      error: {
        code: 400,
        message: '"contents" is missing.',
        status: 'INVALID_ARGUMENT',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'INVALID_BODY',
            domain: 'omniroute',
          },
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field: 'contents', description: '"contents" is missing.' }],
          },
        ],
      },
    });
  });
});

describe('a failure inside a stream', () => {
  const { fetch: before } = globalThis;
  afterEach(() => void (globalThis.fetch = before));

  it('is raised by the SDK', async () => {
    const frame = errors.encodeStreamFailure({ class: 'overloaded', message: 'Overloaded' }, 'r');
    globalThis.fetch = async () => new Response(frame, { headers: { 'content-type': 'text/event-stream' } });
    const client = new GoogleGenAI({ apiKey: 'x' });
    const running = client.models
      .generateContentStream({ model: 'm', contents: 'x' })
      .then((stream) => Array.fromAsync(stream));
    await expect(running).rejects.toBeInstanceOf(ApiError);
    await expect(running).rejects.toThrow('Overloaded');
  });
});
