// Who may import whom (architecture §7) as data. Arrows point down only; a change here is a change of the design and
// wants an ADR.

/** A folder or file that may be imported; `types` when only its types may. */
export type Allowed = string | { readonly path: string; readonly types: true };

/** What everybody may import. */
export const layerZero: readonly string[] = [
  'lib',
  'errors.ts',
  'error-table.ts',
  'failure-class.ts',
  'diagnostics.ts',
  'diagnostics',
];

const types = (path: string): Allowed => ({ path, types: true });
const wire: readonly Allowed[] = [
  'ir',
  'protocols/protocol.ts',
  'protocols/capabilities.ts',
  'protocols/unary-pipe.ts',
  'protocols/stream-pipe.ts',
  'protocols/flat-body.ts',
  'protocols/embedding-wire.ts',
];
/** What the wires of one vendor share. */
const openai: readonly Allowed[] = [...wire, 'protocols/openai'];
const upToFour = ['ir', 'config', 'observability', 'catalog', 'protocols', 'routing', 'state', 'upstream'];

/** Paths are below `src/`; the longest key that contains a file decides. A folder may always import itself. */
export const importTable: Readonly<Record<string, readonly Allowed[]>> = {
  // layer 0: no domain words, nothing but each other
  lib: [],
  'errors.ts': [],
  'error-table.ts': [],
  'failure-class.ts': [],
  'diagnostics.ts': [],
  diagnostics: [],
  // layer 1
  ir: [],
  config: [],
  observability: [],
  // layer 2
  catalog: ['config/generated'],
  'protocols/protocol.ts': ['ir', 'protocols/capabilities.ts'],
  'protocols/capabilities.ts': [],
  'protocols/unary-pipe.ts': ['ir', 'protocols/protocol.ts'],
  'protocols/stream-pipe.ts': ['ir', 'protocols/protocol.ts'],
  'protocols/flat-body.ts': ['protocols/protocol.ts'],
  'protocols/registry.ts': [...wire, 'protocols'],
  'protocols/model-rules.ts': wire,
  'protocols/suffixes.ts': [...wire, 'protocols/model-rules.ts'],
  'protocols/translate.ts': [...wire, 'protocols/model-rules.ts', 'protocols/suffixes.ts'],
  'protocols/embedding-wire.ts': [
    'ir',
    'protocols/protocol.ts',
    'protocols/unary-pipe.ts',
    'protocols/flat-body.ts',
  ],
  'protocols/embeddings.ts': [...wire, 'protocols'],
  'protocols/counters.ts': [...wire, 'protocols'],
  'protocols/openai': wire,
  'protocols/openai-chat': openai,
  'protocols/openai-responses': openai,
  'protocols/anthropic-messages': wire,
  'protocols/gemini': wire,
  'protocols/ollama': wire,
  // layer 3
  routing: ['config/generated', 'catalog', 'protocols/capabilities.ts'],
  // layer 4
  state: [types('routing'), 'routing/world'],
  upstream: [types('routing'), 'protocols/protocol.ts', 'protocols/capabilities.ts'],
  // layer 5
  gateway: ['ir', 'observability', 'catalog', 'protocols', 'routing', 'state', 'upstream'],
  control: ['config', 'catalog', 'routing', 'state'],
  // layer 6
  evals: ['gateway', 'state'],
  management: [...upToFour, 'gateway', 'control', 'evals'],
  // layer 7
  server: [...upToFour, 'gateway', 'control', 'evals', 'management'],
  // layer 8
  // `omniroute sandbox` is the simulator as a process of its own: no part of the server. The others reach for the parts
  // of the public surface that they need: through the barrel every command would load everything.
  cli: [
    'server',
    'index.ts',
    'upstream/sandbox',
    'config',
    'catalog',
    'routing',
    'control',
    'protocols/capabilities.ts',
    'observability',
  ],
  'index.ts': ['server', 'config', 'catalog', 'routing', 'observability'],
};

/** Third-party packages: the only places below `src/` that may import them. */
export const packageOwners: Readonly<Record<string, readonly string[]>> = {
  yaml: ['config'],
  ajv: ['config'],
  undici: ['upstream'],
  'better-sqlite3': ['state/drivers'],
  'gpt-tokenizer': ['gateway/tokens'],
  jose: ['management'],
  chokidar: ['control'],
  h3: [
    'server',
    'management/routes.ts',
    'management/guarded.ts',
    'management/login.ts',
    'management/explain.ts',
  ],
  rou3: ['server'],
  listhen: ['server'],
  cosmiconfig: ['config/source.ts'],
  re2js: ['routing'],
  '@marcbachmann/cel-js': ['routing'],
  pino: ['observability'],
  'prom-client': ['observability'],
  citty: ['cli'],
  '@pydantic/genai-prices': ['catalog'],
  'fastest-levenshtein': ['lib'],
  diff: ['lib'],
};

/** Folders that run outside Node too: no `node:` import and no Node global. */
export const browserFolders: readonly string[] = ['routing', 'ir', 'protocols'];

/** Files of those folders that use a Node feature after all, each with its reason. */
export const nodeExceptions: Readonly<
  Record<string, { readonly uses: readonly string[]; readonly reason: string }>
> = {};
