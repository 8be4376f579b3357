// An evaluation must ask models that exist.
import type { RoutingCheck } from './context.ts';
import { find } from './find-name.ts';

export const unknownEvalModel: RoutingCheck = {
  code: 'reference/unknown-eval-model',
  severity: 'error',
  meaning: 'An evaluation asks a model that does not exist.',
  action: 'Correct the name of the combo, alias or model.',
  *check(context) {
    for (const [index, suite] of context.config.evals.entries()) {
      for (const [at, name] of (suite.models ?? []).entries())
        yield* find(context, { pointer: `/evals/${index}/models/${at}` }, name);
      for (const [at, { model }] of suite.cases.entries()) {
        if (model !== undefined)
          yield* find(context, { pointer: `/evals/${index}/cases/${at}/model` }, model);
      }
    }
  },
};
