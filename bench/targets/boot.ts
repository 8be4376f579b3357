// The gateway as `omniroute start` runs it: a declared key, a combo with a fallback, usage rows in SQLite, metrics.
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogs } from '../../src/observability/logs.ts';
import { bootGateway } from '../../src/server/boot.ts';
import { meter, serve } from '../process.ts';
import type { TargetStart } from '../scenario.ts';

/** Serves the control channel of a target whose provider speaks this wire. */
export function serveGateway(wire: 'openai-chat' | 'anthropic-messages'): void {
  serve({
    ...meter,
    async start({ upstream, key, model }: TargetStart) {
      const folder = await mkdtemp(join(tmpdir(), 'omniroute-bench-'));
      process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
      const config = join(folder, 'omniroute.config.yaml');
      await writeFile(config, renderConfig(wire, upstream, key, model));
      const gateway = await bootGateway({
        config,
        // Not below the configuration, as it is not by default: the watcher of that folder would hear of every write.
        flags: { data: join(folder, 'data') },
        environment: {},
        logs: createLogs({ format: 'json' }),
      });
      return { url: `${gateway.url}/v1` };
    },
  });
}

/** The model that the load asks for is a combo, so that names are resolved and attempts laid out as in earnest. */
function renderConfig(wire: string, upstream: string, key: string, model: string): string {
  const digest = createHash('sha256').update(key).digest('hex');
  return `
version: 1
server: { listen: 127.0.0.1:0 }
providers:
  up: { protocols: [{ name: ${wire}, baseUrl: "${upstream}" }], auth: none, models: [m, spare] }
combos:
  ${model}: { targets: [up/m, up/spare] }
keys:
  - { id: bench, digest: "sha256:${digest}", models: [${model}] }
`;
}
