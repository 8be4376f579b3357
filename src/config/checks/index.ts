// The checks that need only the document, as a list. A new check is one file, one line here, one bad example
// (test/golden/config-errors/<code>.yaml) and one good neighbour.
import type { Diagnostic } from '../../diagnostics.ts';
import { runChecks } from '../../diagnostics/rule.ts';
import { aliasCycle } from './alias-cycle.ts';
import { allowAndBlock } from './allow-and-block.ts';
import { allowedReferences } from './allowed-references.ts';
import { anyOrigin } from './any-origin.ts';
import { caseOnly } from './case-only.ts';
import { comboCycle } from './combo-cycle.ts';
import type { DocumentCheck, DocumentContext } from './context.ts';
import { denyEverything } from './deny-everything.ts';
import { duplicateDigest } from './duplicate-digest.ts';
import { duplicateId } from './duplicate-id.ts';
import { duplicateTarget } from './duplicate-target.ts';
import { duplicateTest } from './duplicate-test.ts';
import { emptyList } from './empty-list.ts';
import { exceededRoute } from './exceeded-route.ts';
import { exposed } from './exposed.ts';
import { globForModel } from './glob-for-model.ts';
import { ignoredWeight } from './ignored-weight.ts';
import { invalidAddress } from './invalid-address.ts';
import { limitWithoutCeiling } from './limit-without-ceiling.ts';
import { movedTarget } from './moved-target.ts';
import { nameClash } from './name-clash.ts';
import { noActiveConnection } from './no-active-connection.ts';
import { plainTextSecret } from './plain-text-secret.ts';
import { policyAfterDeny } from './policy-after-deny.ts';
import { policyWithoutEffect } from './policy-without-effect.ts';
import { reserveCap } from './reserve-cap.ts';
import { sharedCache } from './shared-cache.ts';
import { temperatureRange } from './temperature-range.ts';
import { timeoutOrder } from './timeout-order.ts';
import { twoCredentials } from './two-credentials.ts';
import { unknownProfile } from './unknown-profile.ts';
import { unknownRefusal } from './unknown-refusal.ts';
import { unquotedExpression } from './unquoted-expression.ts';
import { zeroBudget } from './zero-budget.ts';
import { zeroWeights } from './zero-weights.ts';

export const documentChecks: readonly DocumentCheck[] = [
  // names
  duplicateId,
  duplicateDigest,
  duplicateTest,
  nameClash,
  caseOnly,
  aliasCycle,
  comboCycle,
  // references inside the document
  unknownProfile,
  unknownRefusal,
  movedTarget,
  // secrets and exposure
  plainTextSecret,
  twoCredentials,
  exposed,
  anyOrigin,
  invalidAddress,
  sharedCache,
  allowedReferences,
  // what cannot be meant
  unquotedExpression,
  emptyList,
  zeroWeights,
  ignoredWeight,
  duplicateTarget,
  noActiveConnection,
  limitWithoutCeiling,
  exceededRoute,
  zeroBudget,
  reserveCap,
  policyWithoutEffect,
  policyAfterDeny,
  denyEverything,
  allowAndBlock,
  globForModel,
  temperatureRange,
  timeoutOrder,
];

/** Runs them all over a document that the schema accepts; sorted by place. */
export function checkDocument(context: DocumentContext): Diagnostic[] {
  return runChecks(documentChecks, context, context.locate);
}
