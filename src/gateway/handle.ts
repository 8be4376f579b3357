// What happens to one request, from the first stage to the last. Every lane ends here; there is no other way in.
import { GatewayError, type UpstreamFailure } from '../errors.ts';
import { isCounting } from '../protocols/counters.ts';
import type { Attempt, Outcome, RoutePlan, Step } from '../routing/decision.ts';
import { describeOutcome } from '../routing/gate.ts';
import { next } from '../routing/next.ts';
import { admit } from './admit.ts';
import { authenticate } from './authenticate.ts';
import { replyCount } from './count.ts';
import { decideCall } from './decide.ts';
import type { Exchange } from './exchange.ts';
import { fetchMedia } from './fetch-media.ts';
import type { Gateway } from './gateway.ts';
import { guard, renderPreflight } from './guard.ts';
import { replyHealth } from './health.ts';
import { keepAnswer } from './keep.ts';
import { replyEmbeddingModels, replyModel, replyModels } from './models.ts';
import { replyAlive, replyLoad, replyLoaded, replyShow, replyTags, replyVersion } from './ollama.ts';
import { permit } from './permit.ts';
import { distrust, noteProofs } from './proofs.ts';
import { read } from './read.ts';
import { disown, recall } from './recall.ts';
import { commonHeaders, replyError, replyFailure } from './reply.ts';
import type { Responder } from './responder.ts';
import { retainableFault } from './retainable.ts';
import { send } from './send.ts';
import { settle } from './settle.ts';
import { replyStored } from './stored-responses.ts';
import { respell, translate, type PreparedCall } from './translate.ts';
import { learnUnserved } from './unserved.ts';

/** Answers one request and settles it. Never throws; resolves when nothing is left to do. */
export async function handle(gateway: Gateway, exchange: Exchange, responder: Responder): Promise<void> {
  gateway.lifecycle.begin();
  try {
    guard(gateway, exchange);
    if (exchange.incoming.method === 'OPTIONS') return replyOptions(exchange, responder);
    switch (exchange.route.operation) {
      case 'health':
        exchange.principal = identify(gateway, exchange);
        return replyHealth(gateway, exchange, responder);
      case 'models':
        exchange.principal = authenticate(gateway, exchange);
        return replyModels(gateway, exchange, responder);
      case 'embedding-models':
        exchange.principal = authenticate(gateway, exchange);
        return replyEmbeddingModels(gateway, exchange, responder);
      case 'model':
        exchange.principal = authenticate(gateway, exchange);
        return replyModel(gateway, exchange, responder);
      case 'chat':
      case 'embeddings': {
        exchange.principal = authenticate(gateway, exchange);
        if (!isSpoken(exchange)) throw missing(exchange);
        admit(gateway, exchange);
        const reading = read(gateway, exchange);
        if (reading) await reading;
        recall(gateway, exchange);
        await answer(gateway, exchange, responder, decideCall(gateway, exchange));
        return;
      }
      case 'count-tokens':
        exchange.principal = authenticate(gateway, exchange);
        if (!isCounting(exchange.protocol)) throw missing(exchange);
        admit(gateway, exchange);
        await read(gateway, exchange);
        recall(gateway, exchange);
        return await replyCount(gateway, exchange, responder, exchange.protocol);
      case 'response':
      case 'response-items':
      case 'response-cancel':
        exchange.principal = authenticate(gateway, exchange);
        return await replyStored(gateway, exchange, responder);
      case 'tags':
      case 'show':
      case 'loaded':
      case 'version':
        exchange.principal = authenticate(gateway, exchange);
        return await ollamaReplies[exchange.route.operation](gateway, exchange, responder);
      case 'alive':
        return await replyAlive(gateway, exchange, responder);
      default:
        throw missing(exchange);
    }
  } catch (error) {
    replyError(gateway, exchange, responder, error);
  } finally {
    settleSafely(gateway, exchange);
    exchange.place?.release();
    gateway.lifecycle.end();
  }
}

const ollamaReplies = { tags: replyTags, show: replyShow, loaded: replyLoaded, version: replyVersion };

/** Attempt after attempt until the client has its answer or nothing is left to try. */
async function answer(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  plan: RoutePlan,
): Promise<void> {
  for (;;) {
    const step = next(plan, exchange.outcomes);
    if (exchange.outcomes.length > 0 && step.reason) exchange.reasons = [...exchange.reasons, step.reason];
    if (step.kind === 'fail') {
      const failure = tellAll(step, exchange.outcomes);
      if (failure.held && failure.code === 'budget_exceeded') throw spent(failure);
      return replyFailure(exchange, responder, failure);
    }
    const { attempt, delay, effects } = step;
    if (effects) gateway.world.apply(effects);
    if (delay !== undefined) await pause(gateway, delay);
    let failure = await tryOne(gateway, exchange, responder, attempt);
    if (failure && isRepairable(exchange, attempt, failure))
      failure = await tryOne(gateway, exchange, responder, attempt);
    if (!failure) return;
    exchange.outcomes.push(describeOutcome(gateway.world, attempt, failure, gateway.clock.now()));
    const { totalTimeout } = attempt.provider.profile;
    if (gateway.clock.monotonic() - exchange.began >= totalTimeout)
      return replyFailure(exchange, responder, failure);
  }
}

function pause({ timers }: Gateway, milliseconds: number): Promise<void> {
  return new Promise((resolve) => timers.after(milliseconds, resolve));
}

/** Whether the same attempt is worth one more call, with a body that avoids this refusal. */
function isRepairable(exchange: Exchange, attempt: Attempt, failure: UpstreamFailure): boolean {
  return (
    disown(exchange, attempt, failure) ||
    distrust(exchange, attempt, failure) ||
    learnUnserved(exchange, attempt, failure) ||
    respell(exchange, failure)
  );
}

function tryOne(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  attempt: Attempt,
): UpstreamFailure | undefined | Promise<UpstreamFailure | undefined> {
  exchange.attempt = attempt;
  const fetching = fetchMedia(gateway, exchange, attempt);
  if (!fetching) return callOne(gateway, exchange, responder, attempt);
  return fetching.then((failure) => failure ?? callOne(gateway, exchange, responder, attempt));
}

function callOne(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  attempt: Attempt,
): UpstreamFailure | undefined | Promise<UpstreamFailure | undefined> {
  if (replyLoad(exchange, responder, attempt)) return undefined;
  const translated = translate(gateway, exchange, attempt);
  if ('class' in translated) return translated;
  const noted = noteProofs(gateway, exchange, attempt, translated);
  const prepared = keepAnswer(gateway, exchange, attempt, noted);
  const permission = permit(gateway, exchange, responder, attempt);
  return permission instanceof Promise
    ? goLater(gateway, exchange, responder, prepared, permission)
    : go(gateway, exchange, responder, prepared, permission);
}

type Permitted = Awaited<ReturnType<typeof permit>>;

async function goLater(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  prepared: PreparedCall,
  permission: Promise<Permitted>,
): Promise<UpstreamFailure | undefined> {
  return go(gateway, exchange, responder, prepared, await permission);
}

function go(
  gateway: Gateway,
  exchange: Exchange,
  responder: Responder,
  prepared: PreparedCall,
  permission: Permitted,
): ReturnType<typeof tryOne> {
  if (permission === 'gone') {
    exchange.errorCode = 'client_closed_request';
    return undefined;
  }
  return 'class' in permission ? permission : send(gateway, exchange, responder, prepared, permission);
}

function replyOptions(exchange: Exchange, responder: Responder): void {
  exchange.status = 204;
  responder.writeHead(204, [...commonHeaders(exchange), ...renderPreflight(exchange)]);
  responder.end();
}

// /healthz answers everybody; a good key only makes it say more.
function identify(gateway: Gateway, exchange: Exchange): Exchange['principal'] {
  try {
    return authenticate(gateway, exchange);
  } catch {
    return undefined;
  }
}

// The same refusal as if there had been no room from the beginning.
function spent({ message, retryAfter }: UpstreamFailure): GatewayError {
  const wait = retryAfter === undefined ? {} : { retryAfter: Math.max(1, Math.ceil(retryAfter / 1000)) };
  return new GatewayError('budget_exceeded', message, { param: 'model', ...wait });
}

// A family without a wire of its own has the envelope of another, and must not be read as that one.
function isSpoken({ protocol, route }: Exchange): boolean {
  return protocol.name === route.protocol;
}

function missing({ incoming, route }: Exchange): GatewayError {
  const { method, path, headers } = incoming;
  const shown = path.slice(0, 200);
  if (route.operation !== 'none') {
    return new GatewayError('not_found', `${method} ${shown} is not served by this version.`);
  }
  if (headers.upgrade !== undefined) {
    return new GatewayError('upgrade_required', `${shown} does not speak WebSocket; use POST.`);
  }
  if (!route.allow) return new GatewayError('not_found', `No such path: ${method} ${shown}`);
  const allow = route.allow.join(', ');
  return new GatewayError('method_not_allowed', `${shown} takes ${allow}, not ${method}.`, {
    headers: { Allow: allow },
  });
}

// A refused request keeps the upstream's own words, clients act on them; otherwise the client may know who said what.
function tellAll(
  { outcome, reason }: Extract<Step, { kind: 'fail' }>,
  outcomes: readonly Outcome[],
): UpstreamFailure {
  if (outcomes.length < 2 || reason.code === 'not-retryable') return outcome.failure;
  const story = outcomes
    .map(({ attempt, failure }) => `${attempt.target}: ${failure.status ?? failure.class}`)
    .join(', ');
  return { ...outcome.failure, message: `${outcome.failure.message} (tried ${story})` };
}

// A ledger that fails must not cost the client its answer, nor the process its life.
function settleSafely(gateway: Gateway, exchange: Exchange): void {
  try {
    settle(gateway, exchange);
  } catch (error) {
    gateway.report(retainableFault(error, exchange), exchange.id);
  }
}
