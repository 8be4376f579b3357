// The two small tables of scripts say what the wires themselves say.
import { describe, expect, it } from 'vitest';
import { errorTable, GatewayError, type ErrorCode, type FailureClass } from '../../../../src/errors.ts';
import { readFailure } from '../../../../src/ir/failure.ts';
import { envelopeOf } from '../../../../src/protocols/registry.ts';
import { readOutcome, showError, showFailure } from '../../../../src/routing/testing/outcomes.ts';
import { failureEffects } from '../../../../src/routing/world/failures.ts';

const protocols = ['openai-chat', 'anthropic-messages'] as const;
const classes = Object.keys(failureEffects) as FailureClass[];

describe('a scripted status', () => {
  it('means what the reader of upstream errors makes of it', () => {
    for (let status = 400; status < 600; status++) {
      const answer = readOutcome(status, false);
      expect(answer.kind === 'failure' && answer.failure).toEqual(readFailure(status, {}, ''));
    }
  });

  it('is a success below 400', () => {
    expect(readOutcome(200, false).kind).toBe('success');
    expect(readOutcome('ok', true).kind).toBe('success');
  });

  it('breaks a stream for good, and an unstreamed answer not', () => {
    expect(readOutcome('cut', true).kind).toBe('broken');
    expect(readOutcome('stall', true).kind).toBe('broken');
    expect(readOutcome('cut', false).kind).toBe('failure');
    expect(readOutcome('connection', true).kind).toBe('failure');
  });
});

describe.each(protocols)('the status that a client of %s sees', (protocol) => {
  const { errors } = envelopeOf(protocol);

  it('of every failure', () => {
    for (const kind of classes) {
      for (const status of [undefined, 400, 401, 402, 404, 429, 500, 502, 503, 504, 529]) {
        const failure = { class: kind, message: 'm', ...(status !== undefined && { status }) };
        const shown = errors.encodeUpstream(failure, 'id').status;
        expect(showFailure(failure, protocol), `${kind} ${status}`).toBe(shown);
      }
    }
  });

  it('of every error of the gateway', () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      expect(showError(code, protocol), code).toBe(errors.encode(new GatewayError(code, 'm'), 'id').status);
    }
  });
});
