// The checks that need the catalog, as a list. A new check is one file, one line here, one bad example
// (test/golden/config-errors/<code>.yaml) and one good neighbour (test/golden/config-good/<code>.yaml).
import type { Diagnostic } from '../../diagnostics.ts';
import { runChecks } from '../../diagnostics/rule.ts';
import { alwaysOpen } from './always-open.ts';
import { constantExpression } from './constant-expression.ts';
import { createRoutingContext, type RoutingCheck, type RoutingInput } from './context.ts';
import { expiredKey } from './expired-key.ts';
import { hidesModel } from './hides-model.ts';
import { invalidExpression } from './invalid-expression.ts';
import { invalidSchedule } from './invalid-schedule.ts';
import { missingCapability } from './missing-capability.ts';
import { missingPrice } from './missing-price.ts';
import { modelWithoutProvider } from './model-without-provider.ts';
import { needsContext } from './needs-context.ts';
import { needsPrice } from './needs-price.ts';
import { neverOpens } from './never-opens.ts';
import { oneFailureDomain } from './one-failure-domain.ts';
import { prefixLost } from './prefix-lost.ts';
import { retiredModel } from './retired-model.ts';
import { retiringModel } from './retiring-model.ts';
import { shadowedPolicy } from './shadowed-policy.ts';
import { simulatorInChain } from './simulator-in-chain.ts';
import { smallerContext } from './smaller-context.ts';
import { unknownAccount } from './unknown-account.ts';
import { unknownAliasTarget } from './unknown-alias-target.ts';
import { unknownCharge } from './unknown-charge.ts';
import { unknownEvalModel } from './unknown-eval-model.ts';
import { unknownKey } from './unknown-key.ts';
import { unknownModel } from './unknown-model.ts';
import { unknownOverflow } from './unknown-overflow.ts';
import { unknownProvider } from './unknown-provider.ts';
import { unknownQuirk } from './unknown-quirk.ts';
import { unknownRoute } from './unknown-route.ts';
import { unknownTag } from './unknown-tag.ts';
import { unknownTarget } from './unknown-target.ts';
import { unknownTestModel } from './unknown-test-model.ts';
import { unknownTestReason } from './unknown-test-reason.ts';
import { unknownTestTarget } from './unknown-test-target.ts';
import { unknownTestWorld } from './unknown-test-world.ts';
import { unlistedModel } from './unlisted-model.ts';
import { unmatchedGlob } from './unmatched-glob.ts';
import { unreachableAlias } from './unreachable-alias.ts';
import { unreachableLimit } from './unreachable-limit.ts';
import { unreachablePolicy } from './unreachable-policy.ts';
import { unreachableTarget } from './unreachable-target.ts';
import { unusedAlias } from './unused-alias.ts';
import { unusedCombo } from './unused-combo.ts';
import { unusedKey } from './unused-key.ts';
import { unusedProfile } from './unused-profile.ts';
import { unusedProvider } from './unused-provider.ts';

export const routingChecks: readonly RoutingCheck[] = [
  // names that lead nowhere
  unknownAliasTarget,
  unknownTarget,
  unknownRoute,
  unknownOverflow,
  unknownEvalModel,
  unknownModel,
  unmatchedGlob,
  unknownProvider,
  unknownKey,
  unknownTag,
  unknownAccount,
  unknownTestModel,
  unknownTestWorld,
  unknownTestTarget,
  unknownTestReason,
  unknownCharge,
  unknownQuirk,
  unlistedModel,
  modelWithoutProvider,
  // time
  retiredModel,
  retiringModel,
  expiredKey,
  // combos
  smallerContext,
  missingCapability,
  oneFailureDomain,
  simulatorInChain,
  unreachableTarget,
  needsPrice,
  needsContext,
  // what can never happen
  unreachableAlias,
  hidesModel,
  prefixLost,
  invalidExpression,
  constantExpression,
  invalidSchedule,
  neverOpens,
  alwaysOpen,
  unreachableLimit,
  unreachablePolicy,
  shadowedPolicy,
  missingPrice,
  // what nobody uses
  unusedAlias,
  unusedCombo,
  unusedProvider,
  unusedProfile,
  unusedKey,
];

/** Runs them all; call it before compile() and pass the result as `known`. Sorted by place. */
export function checkRouting(input: RoutingInput): Diagnostic[] {
  return runChecks(routingChecks, createRoutingContext(input), input.locate);
}
