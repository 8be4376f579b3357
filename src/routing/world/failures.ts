// What a failure says about whom: the account, the model at the account, the target, or nobody but the client.
// One table, read by the reducers and by next(), so that a client's own 400 can never punish an account.
import type { FailureClass } from '../../errors.ts';

export interface FailureEffect {
  /**
   * How the account rests: `transient` and `rate-limit` for this model only, `locked` and `exhausted` for all models,
   * `missing` for a model that the account does not have; undefined: it does not.
   */
  readonly cooldown?: 'transient' | 'rate-limit' | 'locked' | 'exhausted' | 'missing';
  /** Counts toward opening the breaker. */
  readonly breaks: boolean;
}

const nobody: FailureEffect = { breaks: false };
const transient: FailureEffect = { cooldown: 'transient', breaks: true };

/** Source: HTTP contract §15.5–15.6 with its REC notes; 429 belongs to the account, not to the breaker. */
export const failureEffects: Readonly<Record<FailureClass, FailureEffect>> = {
  invalid_request: nobody,
  unsupported: nobody,
  context_length: nobody,
  content_policy: nobody,
  conflict: nobody,
  too_large: nobody,
  unsupported_media_type: nobody,
  method_not_allowed: nobody,
  client_closed: nobody,
  internal: nobody,
  not_found: { cooldown: 'missing', breaks: false },
  authentication: { cooldown: 'locked', breaks: false },
  permission: { cooldown: 'locked', breaks: false },
  billing: { cooldown: 'exhausted', breaks: false },
  rate_limit: { cooldown: 'rate-limit', breaks: false },
  connection: transient,
  upstream: transient,
  overloaded: transient,
  timeout: transient,
};
