// Quirks are a closed set; a misspelt one would silently change nothing.
import { quirkTable } from '../../catalog/quirks.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { renderNearest } from '../../lib/nearest.ts';
import type { RoutingCheck } from './context.ts';

export const unknownQuirk: RoutingCheck = {
  code: 'reference/unknown-quirk',
  severity: 'error',
  meaning: 'A provider or model switches on a deviation that the gateway does not know.',
  action: 'Use a name of docs/reference/quirks.md.',
  *check({ config }) {
    const lists = [
      ...Object.entries(config.providers).flatMap(([name, { quirks, protocols = [] }]) => [
        { path: ['providers', name, 'quirks'], quirks },
        ...protocols.map((wire, index) => ({
          path: ['providers', name, 'protocols', index, 'quirks'],
          quirks: wire.quirks,
        })),
      ]),
      ...Object.entries(config.models).map(([name, { quirks }]) => ({
        path: ['models', name, 'quirks'],
        quirks,
      })),
    ];
    for (const { path, quirks } of lists) {
      for (const [index, quirk] of quirks.entries()) {
        if (Object.hasOwn(quirkTable, quirk)) continue;
        yield {
          pointer: renderPointer([...path, index]),
          message: `there is no quirk "${quirk}"`,
          suggestion: renderNearest(quirk, Object.keys(quirkTable)),
        };
      }
    }
  },
};
