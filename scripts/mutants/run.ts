// Applies each fault to a copy of the tree and shows who catches it: the tests of the examples, else the suite that is
// named for it. `--quick` tries those of CI only; a fault that survives makes the exit code 1.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mutants, type Mutant } from './list.ts';

const root = join(import.meta.dirname, '../..');
const parts = ['src', 'test', 'examples', 'schema', 'scripts', 'omniroute.config.yaml'];
const files = ['package.json', 'tsconfig.json', 'vitest.config.ts'];

const quick = process.argv.includes('--quick');
const chosen = mutants.filter((mutant) => !quick || mutant.quick === true);
const copy = mkdtempSync(join(tmpdir(), 'omniroute-mutants-'));
for (const part of [...parts, ...files]) cpSync(join(root, part), join(copy, part), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
const examples = [
  'omniroute.config.yaml',
  'examples/split-files/omniroute.config.yaml',
  ...readdirSync(join(copy, 'examples'))
    .filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'))
    .map((name) => `examples/${name}`),
];

let survived = 0;
try {
  // Without a fault everything must be green, or being caught would mean nothing.
  if (!passesExamples()) throw new Error('the examples fail without any fault');
  for (const suite of new Set(chosen.map((mutant) => mutant.suite)))
    if (!passesSuite(suite)) throw new Error(`test/${suite} fails without any fault`);
  for (const [index, mutant] of chosen.entries()) {
    const catcher = tryOne(mutant);
    if (catcher === undefined) survived++;
    console.log(`${String(index + 1).padStart(2)}. ${mutant.name.padEnd(52)} ${catcher ?? 'SURVIVED'}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${chosen.length - survived} of ${chosen.length} faults are caught`);
process.exitCode = survived === 0 ? 0 : 1;

function tryOne({ file, find, put, suite, name }: Mutant): string | undefined {
  const path = join(copy, 'src/routing', file);
  const text = readFileSync(path, 'utf8');
  if (text.split(find).length !== 2) throw new Error(`${name}: the line is not there (once) in ${file}`);
  writeFileSync(
    path,
    text.replace(find, () => put),
  );
  try {
    if (!passesExamples()) return 'the tests of the examples';
    return passesSuite(suite) ? undefined : `test/${suite}`;
  } finally {
    writeFileSync(path, text);
  }
}

function passesExamples(): boolean {
  return runNode(['src/cli/bin.js', 'test', ...examples]);
}

function passesSuite(suite: string): boolean {
  return runNode(['node_modules/vitest/vitest.mjs', 'run', `test/${suite}`]);
}

function runNode(args: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, args, { cwd: copy, stdio: 'ignore', timeout: 120_000 });
  return status === 0;
}
