// The gateway as it runs in earnest: a declared key, a combo with a fallback, usage rows in SQLite, metrics.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalog } from '../../src/catalog/catalog.ts';
import { loadConfig } from '../../src/config/load.ts';
import { compile } from '../../src/routing/compile.ts';
import { createSnapshotRef } from '../../src/routing/snapshot.ts';
import { createServer } from '../../src/server/compose.ts';
import { openSqliteState } from '../../src/state/open.ts';
import { createSecrets } from '../../src/state/secrets.ts';
import { meter, serve } from '../process.ts';
import type { TargetStart } from '../scenario.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

serve({
  ...meter,
  async start({ upstream, key, model }: TargetStart) {
    const folder = await mkdtemp(join(tmpdir(), 'omniroute-bench-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'omniroute.config.yaml');
    await writeFile(path, renderConfig(upstream, key, model));
    const { config, locate, diagnostics, references } = await loadConfig({ config: path, environment: {} });
    if (!config) throw new Error(diagnostics.map(({ message }) => message).join('; '));
    const { snapshot } = compile({ config, catalog, locate, digest: sha256, known: diagnostics });
    if (!snapshot) throw new Error('the configuration of the benchmark does not compile');
    const state = await openSqliteState({ dataDir: folder });
    const secrets = createSecrets({ environment: {}, folder });
    (await secrets.prepare(references.map(({ reference }) => reference))).commit();
    const server = await createServer({
      listen: { host: '127.0.0.1', port: 0 },
      snapshots: createSnapshotRef(snapshot),
      secrets,
      ledger: state.ledger,
    });
    return { url: `${server.url}/v1` };
  },
});

/** The model that the load asks for is a combo, so that names are resolved and attempts laid out as in earnest. */
function renderConfig(upstream: string, key: string, model: string): string {
  return `
version: 1
providers:
  up: { protocols: [{ name: openai-chat, baseUrl: "${upstream}" }], auth: none, models: [m, spare] }
combos:
  ${model}: { targets: [up/m, up/spare] }
keys:
  - { id: bench, digest: "sha256:${sha256(key)}", models: [${model}] }
`;
}
