// The closed list of environment variables: the few that are read, in order of precedence, and the key that takes the
// place of each one that older versions read. Flags and variables become overrides with their provenance.
import type { Diagnostic } from '../diagnostics.ts';
import { renderNearest } from '../lib/nearest.ts';
import { createFault } from './rules.ts';

export interface EnvironmentRow {
  /** The key that it sets, or where its meaning stands in the file now. `*` is any name. */
  readonly pointer?: string;
  /** Whether the gateway reads it. */
  readonly reads: boolean;
  readonly meaning: string;
  /** Commonly set for other programs: naming it would only annoy. */
  readonly ambient?: true;
}

/** Rows that read come first, a row wins over those of the same key below it. `*` in a name is any run of letters. */
export const environmentTable = {
  OMNIROUTE_CONFIG: { reads: true, meaning: 'Path of the configuration file, in place of the search.' },
  OMNIROUTE_LISTEN: { pointer: '/server/listen', reads: true, meaning: 'Address and port to listen on.' },
  OMNIROUTE_PORT: {
    pointer: '/server/listen',
    reads: true,
    meaning: 'Port to listen on; the address stays as the file says.',
  },
  PORT: { pointer: '/server/listen', reads: true, meaning: 'The same, as hosting platforms set it.' },
  OMNIROUTE_BASE_PATH: {
    pointer: '/server/basePath',
    reads: true,
    meaning: 'Path below which everything is served.',
  },
  OMNIROUTE_DATA_DIR: { pointer: '/storage/dir', reads: true, meaning: 'The data folder.' },
  DATA_DIR: { pointer: '/storage/dir', reads: true, meaning: 'The same.' },
  REQUIRE_API_KEY: {
    pointer: '/auth/requireApiKey',
    reads: true,
    meaning: 'Every inference request needs a declared key.',
  },
  OMNIROUTE_LOG_LEVEL: {
    pointer: '/observability/logs/level',
    reads: true,
    meaning: 'Least severity that is logged.',
  },
  INITIAL_PASSWORD: {
    reads: true,
    meaning: 'The first administrator password; kept in the database, never in the file.',
  },
  OMNIROUTE_URL: { reads: true, meaning: 'Address of a running gateway, for commands that ask one.' },
  OMNIROUTE_ADMIN_KEY: {
    reads: true,
    meaning: 'Credential for a running gateway, for commands that change or read its configuration.',
  },
  OMNIROUTE_SECRET_KEY: { reads: true, meaning: 'The key of the encrypted secret store.' },

  API_PORT: { pointer: '/server/listen', reads: false, meaning: 'One port serves everything.' },
  API_HOST: { pointer: '/server/listen', reads: false, meaning: 'Address and port stand together.' },
  DASHBOARD_PORT: { pointer: '/server/listen', reads: false, meaning: 'One port serves everything.' },
  HOSTNAME: {
    pointer: '/server/listen',
    reads: false,
    ambient: true,
    meaning: 'Shells and containers set it to the name of the machine.',
  },
  JWT_SECRET: { reads: false, meaning: 'Made at first start and kept in the data folder.' },
  API_KEY_SECRET: { reads: false, meaning: 'Client keys are random; the file holds their digests.' },
  STORAGE_ENCRYPTION_KEY: { reads: false, meaning: 'See OMNIROUTE_SECRET_KEY.' },
  STORAGE_ENCRYPTION_KEY_VERSION: { reads: false, meaning: 'See OMNIROUTE_SECRET_KEY.' },
  MACHINE_ID_SALT: { reads: false, meaning: 'Keys carry no machine id.' },
  AUTH_COOKIE_SECURE: { reads: false, meaning: 'Cookies are Secure behind TLS by themselves.' },
  ALLOW_API_KEY_REVEAL: { reads: false, meaning: 'Only digests are kept; a key cannot be shown again.' },
  MAX_BODY_SIZE_BYTES: { pointer: '/server/maxBodySize', reads: false, meaning: 'Largest request body.' },
  CORS_ORIGIN: {
    pointer: '/server/cors/origins',
    reads: false,
    meaning: 'Origins that may call from a browser.',
  },
  INPUT_SANITIZER_ENABLED: { reads: false, meaning: 'Requests are passed on as they are.' },
  INPUT_SANITIZER_MODE: { reads: false, meaning: 'Requests are passed on as they are.' },
  INJECTION_GUARD_MODE: { reads: false, meaning: 'Requests are passed on as they are.' },
  PII_REDACTION_ENABLED: { reads: false, meaning: 'Requests are passed on as they are.' },
  PII_RESPONSE_SANITIZATION: { reads: false, meaning: 'Answers are passed on as they are.' },
  PII_RESPONSE_SANITIZATION_MODE: { reads: false, meaning: 'Answers are passed on as they are.' },
  NO_LOG_API_KEY_IDS: {
    pointer: '/keys/*/noLog',
    reads: false,
    meaning: 'Nothing of this key outlives a request.',
  },
  LOG_RETENTION_DAYS: {
    pointer: '/storage/retention/usage',
    reads: false,
    meaning: 'How long usage rows are kept.',
  },
  CALL_LOGS_MAX: { pointer: '/storage/maxSize', reads: false, meaning: 'The database is bounded by size.' },
  PROXY_LOG_MAX_ENTRIES: {
    pointer: '/storage/maxSize',
    reads: false,
    meaning: 'The database is bounded by size.',
  },
  STREAM_HISTORY_MAX: {
    pointer: '/storage/maxSize',
    reads: false,
    meaning: 'The database is bounded by size.',
  },
  CALL_LOG_PAYLOAD_MODE: {
    pointer: '/observability/payloads/keep',
    reads: false,
    meaning: 'Which bodies are kept.',
  },
  ENABLE_REQUEST_LOGS: {
    pointer: '/observability/logs/requests',
    reads: false,
    meaning: 'One log line for each request.',
  },
  LOG_TO_FILE: { reads: false, ambient: true, meaning: 'Logs go to standard error.' },
  LOG_FILE_PATH: { reads: false, ambient: true, meaning: 'Logs go to standard error.' },
  LOG_MAX_FILE_SIZE: { reads: false, ambient: true, meaning: 'Logs go to standard error.' },
  LOG_LEVEL: {
    pointer: '/observability/logs/level',
    reads: false,
    ambient: true,
    meaning: 'Least severity that is logged.',
  },
  LOG_FORMAT: {
    pointer: '/observability/logs/format',
    reads: false,
    ambient: true,
    meaning: 'How log lines look.',
  },
  SEMANTIC_CACHE_MAX_SIZE: {
    pointer: '/cache/exact/maxEntries',
    reads: false,
    meaning: 'Most answers kept.',
  },
  SEMANTIC_CACHE_MAX_BYTES: {
    pointer: '/cache/exact/maxBytes',
    reads: false,
    meaning: 'Memory for answers.',
  },
  SEMANTIC_CACHE_TTL_MS: {
    pointer: '/cache/exact/ttl',
    reads: false,
    meaning: 'How long an answer is good.',
  },
  PROMPT_CACHE_MAX_SIZE: { pointer: '/cache/exact/maxEntries', reads: false, meaning: 'There is one cache.' },
  PROMPT_CACHE_MAX_BYTES: { pointer: '/cache/exact/maxBytes', reads: false, meaning: 'There is one cache.' },
  PROMPT_CACHE_TTL_MS: { pointer: '/cache/exact/ttl', reads: false, meaning: 'There is one cache.' },
  FETCH_TIMEOUT_MS: {
    pointer: '/resilience/profiles/default/firstTokenTimeout',
    reads: false,
    meaning: 'Until the first token.',
  },
  STREAM_IDLE_TIMEOUT_MS: {
    pointer: '/resilience/profiles/default/idleTimeout',
    reads: false,
    meaning: 'Between two pieces of an answer.',
  },
  API_BRIDGE_PROXY_TIMEOUT_MS: { reads: false, meaning: 'One port serves everything.' },
  RATE_LIMIT_MAX_WAIT_MS: {
    pointer: '/rateLimits/*/maxWait',
    reads: false,
    meaning: 'How long a request waits for its turn.',
  },
  SHUTDOWN_TIMEOUT_MS: {
    pointer: '/server/drainTimeout',
    reads: false,
    meaning: 'How long running requests may finish.',
  },
  DISABLE_SQLITE_AUTO_BACKUP: {
    pointer: '/storage/backups/automatic',
    reads: false,
    meaning: 'Copies of the database.',
  },
  BASE_URL: {
    pointer: '/server/publicUrl',
    reads: false,
    ambient: true,
    meaning: 'Where browsers reach the gateway.',
  },
  NEXT_PUBLIC_BASE_URL: {
    pointer: '/server/publicUrl',
    reads: false,
    meaning: 'Where browsers reach the gateway.',
  },
  CLOUD_URL: { reads: false, meaning: 'The file is the source of truth; share it with git.' },
  NEXT_PUBLIC_CLOUD_URL: { reads: false, meaning: 'The file is the source of truth; share it with git.' },
  CLOUD_SYNC_TIMEOUT_MS: { reads: false, meaning: 'The file is the source of truth; share it with git.' },
  HTTP_PROXY: { pointer: '/network/proxy', reads: false, ambient: true, meaning: 'The way out.' },
  HTTPS_PROXY: { pointer: '/network/proxy', reads: false, ambient: true, meaning: 'The way out.' },
  ALL_PROXY: { pointer: '/network/proxy', reads: false, ambient: true, meaning: 'The way out.' },
  NO_PROXY: {
    pointer: '/network/proxy/bypass',
    reads: false,
    ambient: true,
    meaning: 'Hosts that are called directly.',
  },
  ENABLE_SOCKS5_PROXY: { pointer: '/network/proxy/url', reads: false, meaning: 'A socks5 URL is enough.' },
  CLI_MODE: { reads: false, ambient: true, meaning: 'Agents are launched with `omniroute run`.' },
  CLI_EXTRA_PATHS: { reads: false, meaning: 'Agents are launched with `omniroute run`.' },
  CLI_CONFIG_HOME: { reads: false, meaning: 'Agents are launched with `omniroute run`.' },
  CLI_ALLOW_CONFIG_WRITES: { reads: false, meaning: 'Agents are launched with `omniroute run`.' },
  'CLI_*_BIN': { reads: false, meaning: 'Agents are launched with `omniroute run`.' },
  ALLOW_MULTI_CONNECTIONS_PER_COMPAT_NODE: {
    pointer: '/providers/*/connections',
    reads: false,
    meaning: 'Every provider may have several accounts.',
  },
  OMNIROUTE_MEMORY_MB: { reads: false, meaning: 'Set NODE_OPTIONS=--max-old-space-size instead.' },
  '*_USER_AGENT': {
    pointer: '/providers/*/headers',
    reads: false,
    ambient: true,
    meaning: 'Headers of calls to a provider.',
  },
  '*_OAUTH_CLIENT_ID': {
    pointer: '/providers/*/connections/*/oauth/client',
    reads: false,
    ambient: true,
    meaning: 'Your own OAuth application; name the variable in a reference.',
  },
  '*_OAUTH_CLIENT_SECRET': {
    pointer: '/providers/*/connections/*/oauth/clientSecret',
    reads: false,
    ambient: true,
    meaning: 'Your own OAuth application; name the variable in a reference.',
  },
  REQUEST_RETRY: {
    pointer: '/resilience/profiles/default/retries',
    reads: false,
    meaning: 'Repeats on the same target.',
  },
  MAX_RETRY_INTERVAL_SEC: {
    pointer: '/resilience/profiles/default/cooldown',
    reads: false,
    meaning: 'How long a failing account rests.',
  },
  USAGE_TOKEN_BUFFER: { reads: false, meaning: 'Token counts are reported as they are.' },
} as const satisfies Record<string, EnvironmentRow>;

/** Flags of `start` and `dev` that set a key; they win over variables. */
export const flagTable = {
  listen: { flag: '--listen', pointer: '/server/listen' },
  port: { flag: '--port', pointer: '/server/listen' },
  data: { flag: '--data', pointer: '/storage/dir' },
  basePath: { flag: '--base-path', pointer: '/server/basePath' },
  requireApiKey: { flag: '--require-api-key', pointer: '/auth/requireApiKey' },
  logLevel: { flag: '--log-level', pointer: '/observability/logs/level' },
} as const;

export type Flags = { readonly [name in keyof typeof flagTable]?: string | undefined };
export type Environment = Readonly<Record<string, string | undefined>>;

/** A value from outside that takes the place of what the file says. */
export interface Override {
  readonly pointer: string;
  readonly value: string;
  /** Only the port of `host:port`; the rest stays as it is. */
  readonly portOnly: boolean;
  readonly origin: { readonly kind: 'flag' | 'variable'; readonly name: string };
}

/** The overrides that win, at most one per key and one for the port alone. An empty variable counts as unset. */
export function readOverrides(flags: Flags, environment: Environment): readonly Override[] {
  const overrides: Override[] = [];
  const add = (override: Override): void => {
    const settled = overrides.some(
      ({ pointer, portOnly }) => pointer === override.pointer && (!portOnly || override.portOnly),
    );
    if (!settled) overrides.push(override);
  };
  for (const [name, { flag, pointer }] of Object.entries(flagTable)) {
    const value = flags[name as keyof Flags];
    if (value === undefined) continue;
    add({ pointer, value, portOnly: name === 'port', origin: { kind: 'flag', name: flag } });
  }
  for (const [name, row] of Object.entries<EnvironmentRow>(environmentTable)) {
    const value = environment[name];
    if (!row.reads || row.pointer === undefined || value === undefined || value === '') continue;
    const portOnly = name === 'PORT' || name === 'OMNIROUTE_PORT';
    add({ pointer: row.pointer, value, portOnly, origin: { kind: 'variable', name } });
  }
  return overrides;
}

/**
 * What to say at start about variables that are set and not read. `referenced` are the names that the file's own
 * references use: those are in order, whatever they are called.
 */
export function checkEnvironment(environment: Environment, referenced: ReadonlySet<string>): Diagnostic[] {
  const rows = Object.entries<EnvironmentRow>(environmentTable);
  const known = rows.map(([name]) => name);
  const diagnostics: Diagnostic[] = [];
  for (const name of Object.keys(environment).sort()) {
    if (environment[name] === undefined || environment[name] === '' || referenced.has(name)) continue;
    const [, row] = rows.find(([pattern]) => matchName(pattern, name)) ?? [];
    if (row?.reads) continue;
    if (row) {
      const where = row.pointer === undefined ? '' : `: set \`${renderKey(row.pointer)}\` in the file`;
      if (name === 'HOSTNAME') continue;
      diagnostics.push(
        createFault('environment/set-in-file', `${name} is not read${where}`, {
          severity: row.ambient ? 'info' : 'warning',
          suggestion: row.meaning,
        }),
      );
    } else if (name.startsWith('OMNIROUTE_')) {
      diagnostics.push(
        createFault('environment/unknown', `nothing reads ${name}`, {
          suggestion: renderNearest(name, known),
        }),
      );
    }
  }
  return diagnostics;
}

// `/keys/*/noLog` → `keys.*.noLog`.
function renderKey(pointer: string): string {
  return pointer.slice(1).replaceAll('/', '.');
}

function matchName(pattern: string, name: string): boolean {
  const [head, tail] = pattern.split('*');
  if (tail === undefined) return pattern === name;
  return name.length > pattern.length - 1 && name.startsWith(head ?? '') && name.endsWith(tail);
}
