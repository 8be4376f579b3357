// What changes about policies: which are new, gone or different, and which now come earlier or later than others.
import type { SourcePosition } from '../../diagnostics.ts';
import type { ChangeKind } from '../diff.ts';
import type { Policy } from '../policies/policy.ts';
import type { Snapshot } from '../snapshot.ts';

export interface PolicyChange {
  readonly id: string;
  /** `moved`: the same rule, but its order among the others is another one. */
  readonly kind: ChangeKind | 'moved';
  readonly at?: SourcePosition | undefined;
}

/** In the order of the new file; what is gone comes first. */
export function diffPolicies(previous: Snapshot, next: Snapshot): readonly PolicyChange[] {
  const [was, is] = [byId(previous), byId(next)];
  const [kept, now] = [
    [...was.keys()].filter((id) => is.has(id)),
    [...is.keys()].filter((id) => was.has(id)),
  ];
  const moved = new Set(now.filter((id, index) => kept[index] !== id));
  return [
    ...[...was].filter(([id]) => !is.has(id)).map(([id, { at }]) => ({ id, kind: 'removed', at }) as const),
    ...[...is].flatMap(([id, policy]): readonly PolicyChange[] => {
      const old = was.get(id);
      const kind = !old
        ? 'added'
        : old.meaning !== policy.meaning
          ? 'changed'
          : moved.has(id)
            ? 'moved'
            : undefined;
      return kind ? [{ id, kind, at: policy.at }] : [];
    }),
  ];
}

function byId({ policies }: Snapshot): ReadonlyMap<string, Policy> {
  return new Map(policies.policies.map((policy) => [policy.id, policy]));
}
