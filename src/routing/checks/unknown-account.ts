// Accounts are named `provider@connection`, or by their id where the provider is clear.
import { matchGlob } from '../../lib/glob.ts';
import { renderPointer } from '../../lib/json-pointer.ts';
import { renderNearest } from '../../lib/nearest.ts';
import { listLeaves, resolve, type RoutingCheck } from './context.ts';

export const unknownAccount: RoutingCheck = {
  code: 'reference/unknown-account',
  severity: 'error',
  meaning: 'A target or a key names an account that its provider does not have.',
  action: 'Use the id of a connection; keys write it as `provider@connection`.',
  *check(context) {
    const { config, snapshot } = context;
    for (const [combo, { targets }] of Object.entries(config.combos)) {
      for (const [index, { model, connections = [] }] of targets.entries()) {
        const providers = new Set(
          listLeaves(context, resolve(context, model)).map(({ provider }) => provider),
        );
        const ids = [...providers].flatMap(
          (id) => snapshot.providers.get(id)?.connections.map((connection) => connection.id) ?? [],
        );
        if (providers.size === 0) continue;
        for (const [at, id] of connections.entries()) {
          if (ids.includes(id)) continue;
          const pointer = renderPointer(['combos', combo, 'targets', index, 'connections', at]);
          yield { pointer, message: `"${model}" has no account "${id}"`, suggestion: renderNearest(id, ids) };
        }
      }
    }
    const accounts = snapshot.providers
      .values()
      .flatMap(({ connections }) => connections.map(({ key }) => key));
    for (const [index, { connections = [] }] of config.keys.entries()) {
      for (const [at, name] of connections.entries()) {
        if (accounts.some((account) => matchGlob(name, account))) continue;
        yield {
          pointer: `/keys/${index}/connections/${at}`,
          message: `there is no account "${name}"`,
          suggestion: renderNearest(name, accounts),
        };
      }
    }
  },
};
