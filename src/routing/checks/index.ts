// The checks that need the catalog, as a list. A new check is one object, one line here, one bad example
// (test/golden/config-errors/<code>.yaml) and one good neighbour.
import type { Diagnostic } from '../../diagnostics.ts';
import { runChecks } from '../../diagnostics/rule.ts';
import { hidesModel, prefixLost, unreachableAlias } from './alias-reach.ts';
import { missingPrice } from './budget-price.ts';
import {
  missingCapability,
  oneFailureDomain,
  simulatorInChain,
  smallerContext,
  unreachableTarget,
} from './combo-fallbacks.ts';
import { createRoutingContext, type RoutingCheck, type RoutingContext } from './context.ts';
import { expiredKey } from './expired-key.ts';
import { constantExpression, invalidExpression } from './expressions.ts';
import { modelWithoutProvider } from './model-entries.ts';
import { retiredModel, retiringModel } from './retirement.ts';
import { shadowedPolicy, unreachableLimit, unreachablePolicy, unusedModelKey } from './rule-reach.ts';
import { alwaysOpen, invalidSchedule, neverOpens } from './schedules.ts';
import { needsContext, needsPrice } from './strategy-needs.ts';
import { unknownTestModel, unknownTestReason, unknownTestTarget, unknownTestWorld } from './tests-names.ts';
import { unknownAccount } from './unknown-accounts.ts';
import { unlistedModel } from './unknown-catalog-model.ts';
import { unknownKey, unknownModel, unknownProvider, unknownTag, unmatchedGlob } from './unknown-globs.ts';
import {
  unknownAliasTarget,
  unknownEvalModel,
  unknownOverflow,
  unknownRoute,
  unknownTarget,
} from './unknown-names.ts';
import { unknownQuirk } from './unknown-quirk.ts';
import { unusedAlias, unusedCombo, unusedProfile, unusedProvider } from './unused.ts';

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
  unusedModelKey,
];

/** Runs them all; call it before compile() and pass the result as `known`. Sorted by place. */
export function checkRouting(input: Omit<RoutingContext, 'snapshot'>): Diagnostic[] {
  return runChecks(routingChecks, createRoutingContext(input), input.locate);
}
