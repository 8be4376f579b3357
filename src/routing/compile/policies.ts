// `policies` and the request defaults → one ordered list: the defaults are the policy that comes first and always matches.
import type { ResolvedPolicy } from '../../config/generated/types.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { compileExpression } from '../expressions.ts';
import { compilePolicies, defaultsAsPolicy } from '../policies/compile.ts';
import { parseSchedule } from '../schedule.ts';
import type { CompileContext, CompileStep } from './context.ts';
import { milliseconds } from './server.ts';

export const compileRules: CompileStep = (context) => {
  const { config, draft, at } = context;
  draft.retryShare = config.resilience.retryBudget;
  draft.onLoss = config.defaults.onLoss;
  const { affinity, ttl } = config.defaults.session;
  draft.sessions = { affinity, ttl: milliseconds(ttl) };
  const first = defaultsAsPolicy(config.defaults);
  const policies = config.policies.filter((policy, index) => isReadable(policy, index, context));
  draft.policies = compilePolicies(first ? [first, ...policies] : policies, at);
};

// A policy that cannot be read is an error, and then there is no snapshot: it never counts as one that matches less.
function isReadable({ when, schedule }: ResolvedPolicy, index: number, { report }: CompileContext): boolean {
  const condition = when === undefined ? undefined : compileExpression(when);
  const opening = schedule === undefined ? undefined : parseSchedule(schedule);
  const unread = condition?.ok === false ? condition.problems : [];
  const unclear = opening?.ok === false ? opening.problems : [];
  for (const { message, suggestion } of unread)
    report('compile/expression', renderPointer(['policies', index, 'when']), message, suggestion);
  for (const { message, suggestion } of unclear)
    report('compile/schedule', renderPointer(['policies', index, 'schedule']), message, suggestion);
  return unread.length + unclear.length === 0;
}
