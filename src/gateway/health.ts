// GET /healthz: whether this instance takes requests, for anybody; how it is doing, for those who may know.
import type { Exchange } from './exchange.ts';
import type { Gateway } from './gateway.ts';
import { isOpen } from './guard.ts';
import { replyJson } from './reply.ts';
import type { Responder } from './responder.ts';

/** 200, or 503 while draining, so that a load balancer looks elsewhere. */
export function replyHealth(gateway: Gateway, exchange: Exchange, responder: Responder): void {
  const { draining, running } = gateway.lifecycle;
  const status = draining ? 'draining' : 'ok';
  const { principal, snapshot } = exchange;
  const insider = isOpen(snapshot) || (principal !== undefined && principal.role !== 'anonymous');
  const details = {
    status,
    revision: snapshot.revision,
    secretEpoch: gateway.secrets.epoch,
    running,
    droppedRows: gateway.ledger.dropped,
    ...gateway.health(),
  };
  replyJson(exchange, responder, draining ? 503 : 200, insider ? details : { status });
}
