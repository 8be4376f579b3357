// Present and empty means "none", which is rarely what a person meant who wrote `[]`.
import { escapeSegment } from '../../lib/json-pointer.ts';
import type { Finding } from '../../diagnostics/rule.ts';
import { isWritten, type DocumentCheck, type DocumentContext } from './context.ts';

export const emptyList: DocumentCheck = {
  code: 'list/empty',
  severity: 'warning',
  meaning: 'A list is present and empty. That means "none", not "all": a key without models may use nothing.',
  action: 'Remove the key if you meant "no restriction"; keep it only if you meant "none".',
  *check(context) {
    for (const [pointer, list, consequence] of listPlaces(context)) {
      if (list?.length !== 0 || !isWritten(context, pointer)) continue;
      yield {
        pointer,
        message: `the list is empty: ${consequence}`,
        suggestion: 'remove it if you meant no restriction',
      } satisfies Finding;
    }
  },
};

type Place = readonly [pointer: string, list: readonly unknown[] | undefined, consequence: string];

function* listPlaces({ config }: DocumentContext): Generator<Place> {
  for (const [name, { targets }] of Object.entries(config.combos)) {
    yield [`/combos/${escapeSegment(name)}/targets`, targets, 'the combo counts as absent'];
  }
  for (const [name, provider] of Object.entries(config.providers)) {
    const at = `/providers/${escapeSegment(name)}`;
    yield [`${at}/models`, provider.models, 'the provider serves no model'];
    yield [`${at}/connections`, provider.connections, 'the provider has no account and cannot be used'];
    for (const [index, { models }] of (provider.connections ?? []).entries()) {
      yield [`${at}/connections/${index}/models`, models, 'the account serves no model'];
    }
  }
  for (const [index, key] of config.keys.entries()) {
    yield [`/keys/${index}/models`, key.models, 'the key may use no model'];
    yield [`/keys/${index}/connections`, key.connections, 'the key may use no account'];
  }
  for (const [index, policy] of config.policies.entries()) {
    yield [`/policies/${index}/allowProviders`, policy.allowProviders, 'every matching request is refused'];
    yield [`/policies/${index}/allowModels`, policy.allowModels, 'every matching request is refused'];
  }
  for (const section of ['policies', 'budgets', 'rateLimits', 'invariants'] as const) {
    for (const [index, { match }] of config[section].entries()) {
      for (const [name, list] of Object.entries(match)) {
        if (Array.isArray(list)) yield [`/${section}/${index}/match/${name}`, list, 'it matches no request'];
      }
    }
  }
}
