// The behaviours that a config declares for its sandbox provider → scripts.
import { parseDuration } from '../../lib/duration.ts';
import type { SandboxSettings } from '../../routing/snapshot.ts';
import type { Fault, ProblemKind, Script } from './script.ts';
import type { SandboxOptions } from './simulator.ts';

/** What the simulator takes from `providers.X.sandbox`. */
export function readSettings(settings: SandboxSettings): SandboxOptions {
  const scripts = Object.entries(settings.behaviours).map(
    ([name, behaviour]) => [name, readBehaviour(behaviour)] as const,
  );
  return { seed: settings.seed, faults: settings.faults, scripts: Object.fromEntries(scripts) };
}

type Behaviour = SandboxSettings['behaviours'][string];

function readBehaviour(behaviour: Behaviour): Script {
  const { reply, reasoning, toolCall, tokensPerSecond } = behaviour;
  const fault = readFault(behaviour);
  const latency = parseDuration(behaviour.latency) ?? 0;
  return {
    say: reply === undefined ? { kind: 'echo' } : { kind: 'text', text: reply },
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(toolCall ? { call: { name: toolCall.name, input: JSON.stringify(toolCall.arguments) } } : {}),
    ...(latency > 0 ? { latency } : {}),
    ...(tokensPerSecond > 0 ? { rate: tokensPerSecond } : {}),
    ...(fault ? { fault } : {}),
  };
}

/** One behaviour fails in one way: a status beats a cut beats a stall beats malformed bytes. */
function readFault(behaviour: Behaviour): Fault | undefined {
  const { status, message, retryAfter, failFirst, cutAfter, stallAfter, malformedAfter } = behaviour;
  if (status !== undefined) {
    const wait = parseDuration(retryAfter ?? '');
    return {
      kind: 'problem',
      problem: problemOf(status),
      status,
      ...(message === undefined ? {} : { message }),
      ...(wait === undefined ? {} : { retryAfter: Math.ceil(wait / 1000) }),
      ...(failFirst > 0 ? { first: failFirst } : {}),
    };
  }
  if (cutAfter !== undefined) return { kind: 'cut', at: cutAfter };
  if (stallAfter !== undefined) return { kind: 'stall', at: stallAfter };
  return malformedAfter === undefined ? undefined : { kind: 'malformed', at: malformedAfter };
}

const problems: Readonly<Record<number, ProblemKind>> = {
  401: 'authentication',
  402: 'billing',
  403: 'permission',
  404: 'not-found',
  429: 'rate-limit',
  503: 'unavailable',
  529: 'overloaded',
};

function problemOf(status: number): ProblemKind {
  return problems[status] ?? (status < 500 ? 'bad-request' : 'server');
}
