// Short ways to say a snapshot, facts and outcomes in tests of everything that stands on routing.
import type { FailureClass, UpstreamFailure } from '../../src/errors.ts';
import { assembleSnapshot, type SnapshotParts } from '../../src/routing/assemble.ts';
import { decide } from '../../src/routing/decide.ts';
import type { Attempt, Decision, Outcome, RoutePlan } from '../../src/routing/decision.ts';
import type { Facts } from '../../src/routing/facts.ts';
import type {
  Combo,
  Connection,
  Endpoint,
  ModelFacts,
  Provider,
  ResilienceProfile,
  Snapshot,
  Target,
} from '../../src/routing/snapshot.ts';
import type { Branch } from '../../src/routing/strategies/strategy.ts';
import { createWorld } from '../../src/routing/world/memory.ts';
import type { MutableWorld } from '../../src/routing/world/world.ts';

export const profile: ResilienceProfile = {
  name: 'default',
  retries: 0,
  connectTimeout: 5_000,
  firstTokenTimeout: 60_000,
  idleTimeout: 120_000,
  totalTimeout: 900_000,
  commitAfter: 10_000,
  cooldown: { transient: 3_000, rateLimit: 'hint', maxLevel: 5 },
  breaker: { failures: 5, reset: 30_000 },
};

export function makeEndpoint(part: Partial<Endpoint> = {}): Endpoint {
  return {
    protocol: 'openai-chat',
    baseUrl: 'http://127.0.0.1:1/v1',
    auth: 'bearer',
    headers: {},
    quirks: [],
    reach: 'private',
    ...part,
  };
}

export function makeConnection(provider: string, part: Partial<Connection> = {}): Connection {
  const id = part.id ?? 'default';
  return {
    id,
    key: `${provider}@${id}`,
    provider,
    priority: 1,
    enabled: true,
    credential: { source: 'env', name: `${provider.toUpperCase()}_API_KEY` },
    ...part,
  };
}

/** A provider with one endpoint and one connection. */
export function makeProvider(id: string, part: Partial<Provider> = {}): Provider {
  return {
    id,
    prefixes: [],
    endpoints: [makeEndpoint({ baseUrl: `http://${id}.test/v1` })],
    connections: [makeConnection(id)],
    sandbox: false,
    profile,
    ...part,
  };
}

/** `provider/model` or a combo's name → target. */
export function makeTarget(text: string, weight = 1): Target {
  const slash = text.indexOf('/');
  if (slash < 0) return { kind: 'combo', combo: text, weight };
  return { kind: 'model', provider: text.slice(0, slash), model: text.slice(slash + 1), weight };
}

export function makeCombo(name: string, strategy: string, targets: readonly (string | Target)[]): Combo {
  return {
    name,
    strategy,
    targets: targets.map((target) => (typeof target === 'string' ? makeTarget(target) : target)),
  };
}

export function makeFacts(model: string, part: Partial<Facts> = {}): Facts {
  return {
    model,
    protocol: 'openai-chat',
    operation: 'chat',
    stream: false,
    principal: { role: 'inference', tags: {}, noLog: false },
    address: '127.0.0.1',
    bodyBytes: 100,
    ...part,
  };
}

export interface DecideOptions {
  readonly world?: MutableWorld;
  readonly random?: () => number;
  readonly now?: number;
}

export function decideFor(
  snapshot: Snapshot | SnapshotParts,
  facts: Facts | string,
  { world = createWorld(), random = () => 0.5, now = 0 }: DecideOptions = {},
): Decision {
  return decide({
    snapshot: 'modelFacts' in snapshot ? snapshot : assembleSnapshot(snapshot),
    facts: typeof facts === 'string' ? makeFacts(facts) : facts,
    world,
    random,
    now,
  });
}

/** The plan, or a failed test that shows the refusal. */
export function expectPlan(decision: Decision): RoutePlan {
  if (decision.kind !== 'route') throw new Error(`refused: ${decision.code}: ${decision.message}`);
  return decision;
}

/** `provider/model@connection` of every attempt, `@default` left out. */
export function listAttempts(decision: Decision): string[] {
  return expectPlan(decision).attempts.map(({ target, connection }) =>
    connection.id === 'default' ? target : `${target}@${connection.id}`,
  );
}

/** One branch per weight: provider `p0`, `p1` … with one connection, model `m`; `facts` by branch. */
export function makeBranches(
  weights: readonly number[],
  facts: (index: number) => Omit<ModelFacts, 'id'> | undefined = () => undefined,
): readonly Branch[] {
  return weights.map((weight, index) => {
    const provider = makeProvider(`p${index}`);
    const target = `p${index}/m`;
    const known = facts(index);
    const [connection] = provider.connections;
    const [endpoint] = provider.endpoints;
    return {
      target: makeTarget(target, weight),
      attempts: [
        {
          target,
          provider,
          connection: connection!,
          endpoint: endpoint!,
          model: 'm',
          ...(known && { facts: { id: target, ...known } }),
        },
      ],
    };
  });
}

export function makeOutcome(
  attempt: Attempt,
  kind: FailureClass,
  part: Partial<UpstreamFailure> = {},
): Outcome {
  return { attempt, failure: { class: kind, message: `${kind} happened`, ...part } };
}
