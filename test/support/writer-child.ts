// A writer that changes two files again and again until it is killed. Prints each version once it is live.
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { systemFiles, type WriteFiles } from '../../src/control/atomic-write.ts';
import type { Evaluation } from '../../src/control/evaluate.ts';
import { createWriter } from '../../src/control/writer.ts';

const [folder = '', manner = 'rename'] = process.argv.slice(2);
// Everything is loaded, which was all that was wanted.
if (manner === 'warm') process.exit(0);
const names = ['extra.yaml', 'main.yaml'];

const busy: WriteFiles = {
  ...systemFiles,
  renameNow: (from, to) => {
    if (names.some((name) => to === join(folder, name)))
      throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    systemFiles.renameNow(from, to);
  },
};
const gitops = { mode: 'direct', allowReferences: [], files: {} };

const writer = createWriter({
  // What the loader would say of such files; loading for real takes longer than the writes that are to be hit.
  evaluate: async (overlay = new Map()) => {
    const files = names.map((name) => {
      const path = join(folder, name);
      return { name, text: overlay.get(path) ?? readFileSync(path, 'utf8') };
    });
    const loaded = { config: { gitops, providers: {} }, locate: () => undefined };
    return { files, folder, diagnostics: [], loaded } as unknown as Evaluation;
  },
  gitops: () => gitops as never,
  snapshot: () => undefined,
  activate: async () => ({ kind: 'live', revision: 'r' }),
  audit: async () => undefined,
  journal: join(folder, 'data', 'journal.json'),
  clock: { now: () => 0 },
  files: manner === 'in-place' ? busy : systemFiles,
});

for (let version = 1; ; version++) {
  const value = `${version}-${'x'.repeat((version * 37) % 4_000)}`;
  const outcome = await writer.write({
    actor: { name: 'child', email: 'child@example.org' },
    change: {
      kind: 'edits',
      edits: [
        { op: 'set', pointer: '/aliases/version', value },
        { op: 'set', pointer: '/models/version', value },
      ],
    },
  });
  if (outcome.kind !== 'live') throw new Error(JSON.stringify(outcome));
  process.stdout.write(`${version}\n`);
}
