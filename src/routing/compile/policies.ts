// `policies` and the request defaults → one ordered list: the defaults are the policy that comes first and always matches.
import { milliseconds } from './server.ts';
import { compilePolicies, defaultsAsPolicy } from '../policies/compile.ts';
import type { CompileStep } from './context.ts';

export const compileRules: CompileStep = ({ config, draft, at }) => {
  draft.retryShare = config.resilience.retryBudget;
  draft.onLoss = config.defaults.onLoss;
  const { affinity, ttl } = config.defaults.session;
  draft.sessions = { affinity, ttl: milliseconds(ttl) };
  const first = defaultsAsPolicy(config.defaults);
  draft.policies = compilePolicies(first ? [first, ...config.policies] : config.policies, at);
};
