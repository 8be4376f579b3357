// Prompt tokens of a request: what the model that would answer it says itself, where its provider has a counter, else what
// the tokenizer says. No row is written, nothing is charged, and no account learns from it.
import { GatewayError } from '../errors.ts';
import { changeRequest } from '../ir/changes.ts';
import { findRules } from '../protocols/model-rules.ts';
import type { CountProtocol } from '../protocols/counters.ts';
import { changeRules } from '../protocols/translate.ts';
import { decide } from '../routing/decide.ts';
import type { Attempt } from '../routing/decision.ts';
import { askCounter } from './ask-counter.ts';
import { decodeBody, type Exchange } from './exchange.ts';
import { readFacts } from './facts.ts';
import type { Gateway } from './gateway.ts';
import { commonHeaders, replyFailure } from './reply.ts';
import type { Responder } from './responder.ts';
import { measure } from './tokens/measure.ts';

/** Accounts of the first target that are asked, and milliseconds for all of them: who counts before each request has no
 *  more patience. */
const mostAsked = 3;
const patience = 10_000;

/** Answers in the client's own wire. Throws GatewayError: what a chat of this body would be refused for, too. */
export async function replyCount(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  { counter }: CountProtocol,
): Promise<void> {
  exchange.stream = false;
  const attempts = plan(gateway, exchange);
  const [first] = attempts;
  const until = gateway.clock.monotonic() + patience;
  const same = attempts.filter(({ target }) => target === first?.target).slice(0, mostAsked);
  for (const attempt of same) {
    const left = until - gateway.clock.monotonic();
    if (left <= 0) break;
    const told = await askCounter(gateway, exchange, responder, attempt, left);
    if (told === 'gone') {
      exchange.errorCode = 'client_closed_request';
      return;
    }
    if (told === undefined) break;
    if (typeof told === 'number') return reply(exchange, responder, counter.encodeAnswer(told), attempt);
    // The vendor's own words about a body that its own client wrote.
    if (told.status === 400 && attempt.endpoint.protocol === exchange.protocol.name)
      return replyFailure(exchange, responder, told);
  }
  const tokens = await countHere(gateway, exchange, first);
  reply(exchange, responder, counter.encodeAnswer(tokens));
}

// Whoever rests or has no credential now is no reason to refuse a count.
function plan({ clock, random, world }: Gateway, exchange: Exchange): readonly Attempt[] {
  const { snapshot } = exchange;
  const facts = readFacts(exchange);
  exchange.facts = facts;
  const decision = decide({ snapshot, facts, world, now: clock.now(), random });
  exchange.reasons = decision.reasons;
  if (decision.kind === 'route') return decision.attempts;
  const { code, message } = decision;
  if (code === 'no_target_available' || code === 'no_credentials') return [];
  throw new GatewayError(code, message, { param: 'model' });
}

async function countHere(
  { tokens }: Gateway,
  exchange: Exchange,
  attempt: Attempt | undefined,
): Promise<number> {
  const { request } = decodeBody(exchange);
  const { changes, model, endpoint } = attempt ?? {};
  const rules = model === undefined ? undefined : changeRules(findRules(model, endpoint?.quirks));
  const { texts, more } = measure(changes && rules ? changeRequest(request, changes, rules) : request);
  return (await tokens.count(texts)) + more;
}

function reply(exchange: Exchange, responder: Responder, answer: object, told?: Attempt): void {
  const body = JSON.stringify(answer);
  exchange.status = 200;
  const headers = commonHeaders(exchange);
  headers.push('Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body)));
  headers.push('X-OmniRoute-Counter', told ? 'provider' : 'tokenizer');
  if (told?.provider.sandbox) headers.push('X-OmniRoute-Sandbox', 'true');
  responder.writeHead(200, headers);
  responder.end(body);
}
