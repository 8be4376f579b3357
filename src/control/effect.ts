// What a change of texts does: as a patch for people, and as meaning against what serves.
import { findText, type FileSet } from '../config/file-set.ts';
import { maskSecrets } from '../diagnostics/secret-shapes.ts';
import { renderDiff } from '../lib/text-diff.ts';
import { diffSnapshots } from '../routing/diff.ts';
import type { Snapshot } from '../routing/snapshot.ts';
import type { Evaluation } from './evaluate.ts';
import type { Effect } from './write-types.ts';

/** `live` is what serves; without it nothing is said about meaning. */
export function describeEffect(
  live: Snapshot | undefined,
  base: FileSet,
  changed: FileSet,
  candidate: Evaluation,
): Effect {
  const patch = changed
    .map(({ name, text }) => {
      const before = findText(base, name);
      return renderDiff(before ?? '', text, {
        from: before === undefined ? '/dev/null' : `a/${name}`,
        to: `b/${name}`,
      });
    })
    .join('');
  return {
    // A text that repairs a secret written out shows it in the lines that go.
    patch: maskSecrets(patch),
    files: changed.map(({ name }) => name),
    ...(live && candidate.snapshot ? { changes: diffSnapshots(live, candidate.snapshot) } : {}),
    diagnostics: candidate.diagnostics,
  };
}
