// Editor, API and pull at once, a thousand times, in an order that a seed decides at every call of the file system: no
// update is ever lost, and no torn or half-merged set of files is ever live.
import { describe, expect, it } from 'vitest';
import { readFileSet, tagSubtree, type FileSet } from '../../../src/config/file-set.ts';
import { readPath } from '../../../src/config/edit/value.ts';
import type { Evaluate, Evaluation } from '../../../src/control/evaluate.ts';
import type { WriteOutcome } from '../../../src/control/write-types.ts';
import { createWriter, type Writer } from '../../../src/control/writer.ts';
import { createRandom } from '../../../src/lib/random.ts';
import { createSteppedFiles, createStepper, type SteppedFiles, type Stepper } from '../../support/stepped.ts';

const runs = Math.max(1_000, Number(process.env['FC_RUNS'] ?? 0));
const main = '/etc/omni/main.yaml';
const extra = '/etc/omni/extra.yaml';
const end = '# end\n';

/** A file is whole with its last line; a pull brings the same names to both files. */
function isConsistent(files: FileSet): boolean {
  if (!files.every(({ text }) => text.endsWith(end))) return false;
  try {
    const root = readFileSet(files);
    const names = (section: string): string[] => {
      const value = readPath(root, [section]);
      return value instanceof Map ? [...value.keys()].filter((name) => name.startsWith('pull')) : [];
    };
    return names('aliases').join() === names('models').join();
  } catch {
    return false;
  }
}

interface World {
  readonly stepper: Stepper;
  readonly files: SteppedFiles;
  readonly writer: Writer;
  readonly evaluate: Evaluate;
  readonly live: FileSet[];
  readonly activate: () => Promise<
    | { readonly kind: 'live'; readonly revision: string }
    | { readonly kind: 'refused'; readonly diagnostics: Evaluation['diagnostics'] }
  >;
  locked: boolean;
}

const broken = [{ code: 'test/broken', severity: 'error', message: 'not whole' }] as const;
const gitops = { mode: 'direct', allowReferences: [], files: {} };

function createWorld(random: () => number): World {
  const stepper = createStepper(random);
  const files = createSteppedFiles(
    stepper,
    {
      [main]: `# main\naliases:\n  counter: 0 # everybody counts here\n${end}`,
      [extra]: `models:\n  first: {} # measured\n${end}`,
    },
    random() < 0.3 ? [main] : [],
  );
  const readAll = async (): Promise<FileSet> => [
    { name: 'extra.yaml', text: Buffer.from(await files.read(extra)).toString() },
    { name: 'main.yaml', text: Buffer.from(await files.read(main)).toString() },
  ];
  // Two equal readings and no lock, as control/settle.ts has it.
  const readQuiet = async (): Promise<FileSet> => {
    for (let before = await readAll(); ;) {
      await stepper.step();
      const now = await readAll();
      if (!world.locked && now.every(({ text }, index) => text === before[index]?.text)) return now;
      before = now;
    }
  };
  const evaluate: Evaluate = async (overlay = new Map()) => {
    const found = await readAll();
    const set = found.map(({ name, text }) => ({ name, text: overlay.get(`/etc/omni/${name}`) ?? text }));
    const diagnostics = isConsistent(set) ? [] : broken;
    const loaded = { config: { gitops, providers: {} }, locate: () => undefined };
    return { files: set, folder: '/etc/omni', diagnostics, loaded } as unknown as Evaluation;
  };
  const live: FileSet[] = [];
  const world: World = {
    stepper,
    files,
    evaluate,
    live,
    locked: false,
    activate: async () => {
      const found = await readQuiet();
      if (!isConsistent(found)) return { kind: 'refused', diagnostics: broken };
      live.push(found);
      return { kind: 'live', revision: String(live.length) };
    },
    writer: createWriter({
      evaluate,
      gitops: () => gitops as never,
      snapshot: () => undefined,
      settle: async (set) => {
        const serving = live.at(-1);
        if (set.every(({ text }, index) => text === serving?.[index]?.text)) return false;
        await readQuiet();
        return true;
      },
      activate: () => world.activate(),
      audit: () => stepper.step(),
      journal: '/var/journal.json',
      clock: { now: () => 0 },
      files,
    }),
  };
  return world;
}

const isDone = (outcome: WriteOutcome): boolean =>
  outcome.kind === 'live' ||
  outcome.kind === 'unchanged' ||
  (outcome.kind === 'invalid' && outcome.written === true);
const actor = { name: 'test', email: 'test@example.org' };

/** Adds a name of its own; a file that is just being saved is waited for. */
async function addName({ writer }: World, name: string): Promise<void> {
  for (;;) {
    const edits = [{ op: 'set', pointer: `/aliases/${name}`, value: 'x/y' }] as const;
    const outcome = await writer.write({ change: { kind: 'edits', edits }, actor });
    if (isDone(outcome)) return;
    expect(outcome.kind).toBe('invalid');
  }
}

/** Reads the counter and writes one more, for as long as nobody has written in between. */
async function count({ writer, evaluate }: World): Promise<void> {
  for (;;) {
    const root = await evaluate().then(({ files }) => readSafely(files));
    const value = root && readPath(root, ['aliases', 'counter']);
    if (!root || typeof value !== 'number') continue;
    const edits = [{ op: 'set', pointer: '/aliases/counter', value: value + 1 }] as const;
    const ifMatch = [tagSubtree(root, '/aliases/counter')];
    const outcome = await writer.write({ change: { kind: 'edits', edits }, actor, ifMatch });
    if (isDone(outcome)) return;
    expect(['stale', 'invalid']).toContain(outcome.kind);
  }
}

function readSafely(files: FileSet): ReturnType<typeof readFileSet> | undefined {
  try {
    return readFileSet(files);
  } catch {
    return undefined;
  }
}

/** A person: saves what stands there with a line more, at once or by truncating first. */
async function edit({ files, stepper }: World, name: string, random: () => number): Promise<void> {
  for (;;) {
    await stepper.step();
    const text = files.text(main);
    if (!text.endsWith(end)) continue;
    const saved = text
      .replace(/counter: (\d+)/, (_, number: string) => `counter: ${Number(number) + 1}`)
      .replace(end, `  ${name}: by/hand # ${name}\n${end}`);
    if (random() < 0.5) {
      for (const torn of ['', saved.slice(0, Math.floor(saved.length / 2))]) {
        files.put(main, torn);
        await stepper.step();
      }
    }
    files.put(main, saved);
    return;
  }
}

/** A pull of ours: alone in the queue, two files one after the other under git's lock. */
async function pull(world: World, name: string): Promise<void> {
  const { files, stepper, writer } = world;
  await writer.exclusive(async () => {
    world.locked = true;
    await stepper.step();
    files.put(extra, files.text(extra).replace(end, `  ${name}: {}\n${end}`));
    await stepper.step();
    while (!files.text(main).endsWith(end)) await stepper.step();
    files.put(main, files.text(main).replace(end, `  ${name}: a/b\n${end}`));
    await stepper.step();
    world.locked = false;
    await world.activate();
  });
}

describe('editor, API and pull at once', () => {
  it(
    `lose nothing and serve nothing torn, ${runs} times`,
    async () => {
      let repeated = 0;
      for (let seed = 1; seed <= runs; seed++) {
        const random = createRandom(seed);
        const world = createWorld(random);
        await world.stepper.run([
          async () => {
            await addName(world, 'api-1');
            await addName(world, 'api-2');
          },
          () => addName(world, 'api-3'),
          () => count(world),
          () => count(world),
          () => edit(world, 'hand-1', random),
          () => edit(world, 'hand-2', random),
          () => pull(world, 'pull-1'),
          async () => void (await world.activate()),
        ]);
        const told = `seed ${seed}\n${world.files.text(main)}`;
        const text = world.files.text(main);
        for (const name of ['api-1', 'api-2', 'api-3', 'hand-1', 'hand-2', 'pull-1'])
          expect(text.split(`  ${name}:`).length - 1, `${name} ${told}`).toBe(1);
        expect(text, told).toContain('  counter: 4 # everybody counts here\n');
        expect(text, told).toContain('# hand-1\n');
        expect(world.live.every(isConsistent), told).toBe(true);
        expect(world.files.paths().toSorted(), told).toEqual([extra, main]);
        if (world.live.length > 6) repeated++;
      }
      expect(repeated).toBeGreaterThan(0);
    },
    20_000 + runs * 300,
  );
});
