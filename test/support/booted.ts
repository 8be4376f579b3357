// A booted gateway over a scratch folder: the real files, watcher, state and server; only the upstream is the simulator.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootGateway, type BootedGateway, type BootOptions } from '../../src/server/boot.ts';
import { createLogs } from '../../src/observability/logs.ts';

export interface Booted {
  readonly folder: string;
  /** Main file. */
  readonly file: string;
  readonly gateway: BootedGateway;
  /** Log lines as they were written. */
  readonly lines: readonly string[];
  write(text: string, name?: string): void;
  /** Resolves when the status satisfies the test; rejects after ten seconds with the last status. */
  until(test: (status: ReturnType<BootedGateway['status']>) => boolean): Promise<void>;
  /** The simulator's answer to one whole chat, and the revision that gave it. */
  ask(model?: string): Promise<{ readonly status: number; readonly text: string; readonly revision: string }>;
  close(): Promise<void>;
}

/** A configuration whose combo `c` answers with `reply`; `more` is put behind it. */
export function configSaying(reply: string, more = ''): string {
  return `version: 1
server: { listen: 127.0.0.1:0 }
storage: { driver: memory }
providers:
  sandbox: { sandbox: { behaviours: { it: { reply: ${JSON.stringify(reply)} } } } }
combos:
  c: { demo: true, targets: [sandbox/it] }
${more}`;
}

/** Without a text the file is there already. */
export async function startBooted(
  text: string | undefined,
  options: Partial<BootOptions> = {},
  folder = makeFolder(),
): Promise<Booted> {
  const file = join(folder, 'omniroute.config.yaml');
  if (text !== undefined) writeFileSync(file, text);
  const lines: string[] = [];
  const gateway = await bootGateway({
    config: file,
    flags: { data: join(folder, 'data') },
    environment: {},
    logs: createLogs({ format: 'json', write: (line) => lines.push(line) }),
    ...options,
  });
  const booted: Booted = {
    folder,
    file,
    gateway,
    lines,
    write: (content, name = 'omniroute.config.yaml') => writeFileSync(join(folder, name), content),
    until: async (test) => {
      for (const started = Date.now(); Date.now() - started < 10_000;) {
        if (test(gateway.status())) return;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error(`never: ${JSON.stringify(gateway.status())}`);
    },
    ask: async (model = 'c') => {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
      });
      const body = (await response.json()) as { choices?: { message: { content: string } }[] };
      return {
        status: response.status,
        text: body.choices?.[0]?.message.content ?? JSON.stringify(body),
        revision: response.headers.get('x-omniroute-revision') ?? '',
      };
    },
    close: async () => {
      await gateway.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return booted;
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'omniroute-boot-'));
}
