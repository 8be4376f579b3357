// A rule that sends requests elsewhere must name a place that exists.
import type { RoutingCheck } from './context.ts';
import { find } from './find-name.ts';
import { listRoutes } from './references.ts';

export const unknownRoute: RoutingCheck = {
  code: 'reference/unknown-route',
  severity: 'error',
  meaning: 'A policy or a limit sends requests to a name that leads nowhere.',
  action: 'Correct the name of the combo, alias or model.',
  *check(context) {
    for (const { pointer, name } of listRoutes(context.config)) yield* find(context, { pointer }, name);
  },
};
