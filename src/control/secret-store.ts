// The encrypted store as a change needs it: values that come along with a change go in with it, and never come out.
import type { Evaluation } from './evaluate.ts';

/** Name → value. */
export type SecretValues = ReadonlyMap<string, string>;

export interface SecretStore {
  /** Stores the values for the configuration that serves next; resolves with the way back. */
  put(values: SecretValues): Promise<() => Promise<void>>;
  /** Keeps the values aside until the proposal is merged; nothing that serves can read them. */
  hold(proposal: { readonly branch: string; readonly commit: string }, values: SecretValues): Promise<void>;
}

/** Why these values cannot come along with a change; undefined when they can. */
export function findSecretFault(
  values: SecretValues | undefined,
  store: SecretStore | undefined,
  { loaded }: Pick<Evaluation, 'loaded'>,
  allowed: readonly string[],
): string | undefined {
  if (values === undefined || values.size === 0) return undefined;
  if (!allowed.includes('secret')) return 'gitops.allowReferences does not name secret: the API stores none';
  if (!store) return 'storage.driver is memory: there is no store that could keep a secret';
  const named = new Set(
    loaded.references
      .filter(({ reference }) => reference.source === 'secret')
      .map(({ reference }) => reference.name),
  );
  const unused = [...values.keys()].filter((name) => !named.has(name));
  return unused.length === 0
    ? undefined
    : `nothing would refer to ${unused.map((name) => `\${secret:${name}}`).join(', ')} after this change`;
}
