// The settled exchange as the one wide event that logs and metrics read.
import type { RequestEvent } from '../observability/request-event.ts';
import type { UsageRow } from '../routing/ports.ts';
import type { Exchange } from './exchange.ts';

/** `row` is the exchange's own usage row; what it holds as JSON is taken from the exchange itself. */
export function describeRequest(exchange: Exchange, row: UsageRow): RequestEvent {
  const { attempts, marks, waited } = exchange;
  const total = marks.end ?? marks.decide ?? marks.read ?? 0;
  const called = attempts.length > 0;
  return {
    requestId: row.requestId,
    revision: row.revision,
    secretEpoch: row.secretEpoch,
    key: row.key,
    protocol: row.protocol,
    operation: row.operation,
    requestedModel: row.requestedModel,
    combo: exchange.combo ?? null,
    provider: row.provider,
    connection: row.connection,
    model: row.model,
    status: row.status,
    errorCode: row.errorCode,
    stream: row.stream,
    attempts: attempts.length,
    fallbacks: listFallbacks(exchange),
    tokens: row.tokens,
    cost: row.cost,
    estimated: row.estimated,
    total: round(total),
    upstream: called ? round(waited) : null,
    firstToken: marks.first === undefined ? null : round(marks.first),
    // Until the answer began; how long a stream then took is the upstream's time, not ours.
    overhead: called ? round(Math.max(0, (marks.first ?? total) - waited)) : null,
  };
}

const none: RequestEvent['fallbacks'] = [];

function listFallbacks({ attempts }: Exchange): RequestEvent['fallbacks'] {
  if (attempts.length < 2) return none;
  return attempts.slice(0, -1).map(({ target, class: failure }) => ({
    provider: target.slice(0, target.indexOf('/')),
    class: failure ?? 'upstream',
  }));
}

/** Whole microseconds: nobody reads more, and fifteen digits a number are dear to write. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
