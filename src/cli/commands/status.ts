// `omniroute status`: asks a running gateway how it is.
import { parseListenAddress, renderListenUrl } from '../../lib/listen-address.ts';
import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure, createUsageFailure } from '../failure.ts';

/** What /healthz answers; everything beyond `status` is optional. */
interface Health {
  readonly status: string;
  readonly revision?: string;
  readonly [member: string]: unknown;
}

export default defineCommand({
  description: 'Asks a running gateway whether it is well, and which revision it serves',
  args: {
    url: {
      type: 'string',
      valueHint: 'url',
      description: 'Where it answers; default http://127.0.0.1:20128',
    },
    timeout: {
      type: 'string',
      valueHint: 'ms',
      default: '3000',
      description: 'How long to wait for the answer',
    },
  },
  run: async (args, terminal) => {
    const base = args.url ?? guessUrl(terminal.environment);
    const timeout = Number(args.timeout);
    if (!Number.isFinite(timeout) || timeout <= 0)
      throw createUsageFailure(`--timeout: "${args.timeout}" is no time`);
    const health = await fetchHealth(base, timeout);
    const well = health.status === 'ok';
    if (args.json) terminal.out(JSON.stringify({ url: base, ...health }, null, 2));
    else for (const line of renderLines(health)) terminal.out(line);
    return well ? exitCodes.ok.code : exitCodes.negative.code;
  },
});

/** The same variables that `start` listens by. */
function guessUrl(environment: Readonly<Record<string, string | undefined>>): string {
  const listen =
    environment['OMNIROUTE_LISTEN'] ?? environment['OMNIROUTE_PORT'] ?? environment['PORT'] ?? '20128';
  const address = parseListenAddress(listen) ?? { host: '127.0.0.1', port: 20_128 };
  return renderListenUrl(address);
}

async function fetchHealth(base: string, timeout: number): Promise<Health> {
  if (!URL.canParse('healthz', `${base}/`)) throw createUsageFailure(`--url: "${base}" is no URL`);
  const url = new URL('healthz', base.endsWith('/') ? base : `${base}/`);
  let text: string;
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeout),
      headers: { accept: 'application/json' },
    });
    text = await response.text();
  } catch {
    throw new CliFailure('cli/unreachable', `no gateway answers at ${base}`, {
      suggestion: 'omniroute start, or --url',
    });
  }
  try {
    const health = JSON.parse(text) as unknown;
    if (typeof health === 'object' && health !== null && 'status' in health) return health as Health;
  } catch {
    // Something else listens there; the failure below says so.
  }
  throw new CliFailure('cli/unreachable', `what answers at ${base} is no OmniRoute`);
}

/** `config.healthy  true`, one line for each value. */
function renderLines(health: Health): readonly string[] {
  const rows = Object.entries(health).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([inner, each]) => [`${name}.${inner}`, each])
      : [[name, value]],
  );
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${renderValue(value)}`);
}

function renderValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
