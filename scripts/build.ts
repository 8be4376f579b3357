// Turns src/ into the package in dist/: JavaScript with declarations, because Node refuses to run TypeScript below
// node_modules. `npm pack ./dist` makes the tarball; nothing in dist/ is committed.
import { spawnSync } from 'node:child_process';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const target = join(root, 'dist');
/** Read at run time or by people, from the root of the package. */
const alongside = [
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'omniroute.config.yaml',
  'schema/omniroute.schema.json',
];

await rm(target, { recursive: true, force: true });
compile();
for (const path of alongside) await cp(join(root, path), join(target, path));
await cp(join(root, 'src'), join(target, 'src'), {
  recursive: true,
  filter: (path) => !/\.(ts|md)$/.test(path) && !isScript(path),
});
await rewriteThreadUrls();
await writeManifest();
console.log('dist: built');

function compile(): void {
  const tsc = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (tsc.status !== 0) throw new Error('the compiler reports errors; nothing usable was built');
}

/** JavaScript in src/ goes through the compiler too, which rewrites the imports of `.ts` files. */
function isScript(path: string): boolean {
  return path.endsWith('.js');
}

/** The compiler rewrites imports, not the URLs that start threads: `new URL('./thread.ts', import.meta.url)`. */
async function rewriteThreadUrls(): Promise<void> {
  for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'utf8');
    const rewritten = text.replaceAll(
      /(new URL\(\s*['"]\.{1,2}\/[^'"]+)\.ts(['"],\s*import\.meta\.url)/g,
      '$1.js$2',
    );
    if (rewritten !== text) await writeFile(path, rewritten);
  }
}

async function writeManifest(): Promise<void> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const { name, version, description, license, type, engines, bin, dependencies } = manifest;
  const entry = { types: './src/index.d.ts', default: './src/index.js' };
  const built = {
    name,
    version,
    description,
    license,
    type,
    engines,
    bin,
    exports: { '.': entry },
    dependencies,
  };
  await writeFile(join(target, 'package.json'), `${JSON.stringify(built, null, 2)}\n`);
}
