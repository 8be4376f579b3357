// The paths of the data plane: what runs the gateway's line, in either lane. Aliases and doubled prefixes are spelt out here.
import type { ProtocolName } from '../protocols/capabilities.ts';
import type { RouteRow } from './routes.ts';

type Plain = Omit<RouteRow, 'lane' | 'aliasOf'> & { readonly aliases?: readonly string[] };

const chat = 'openai-chat';
const responses = 'openai-responses';
const anthropic = 'anthropic-messages';
const gemini = 'gemini';

/** Google's calls name the model in the path and the deed behind its last colon, with `models/` in front or without. */
const verbs = [
  ['generateContent', 'chat', 'A chat in the Gemini wire, whole.'],
  [
    'streamGenerateContent',
    'chat',
    'A chat in the Gemini wire, streamed: SSE with `?alt=sse`, else one JSON array.',
  ],
  ['countTokens', 'count-tokens', 'Prompt tokens of a Gemini request.'],
  ['embedContent', 'embeddings', 'One embedding in the Gemini wire.'],
  ['batchEmbedContents', 'embeddings', 'Several embeddings in the Gemini wire.'],
] as const;

const geminiVerbs: readonly Plain[] = verbs.map(([verb, operation, meaning]) => ({
  method: 'POST',
  path: '/v1beta/**:rest',
  verb,
  operation,
  protocol: gemini,
  meaning,
  aliases: ['/v1/models/**:rest', '/v1/v1beta/**:rest', '/models/**:rest'],
}));

function storedResponse(
  step: string,
  rows: readonly (readonly [RouteRow['method'], NonNullable<RouteRow['operation']>, string])[],
): readonly Plain[] {
  return rows.map(([method, operation, meaning]) => ({
    method,
    path: `/v1/responses/:rest${step}`,
    operation,
    protocol: responses,
    meaning,
    aliases: [`/responses/:rest${step}`, `/codex/responses/:rest${step}`],
  }));
}

const plainRoutes: readonly Plain[] = [
  {
    method: 'POST',
    path: '/v1/chat/completions',
    operation: 'chat',
    protocol: chat,
    meaning: 'A chat in the OpenAI Chat wire, streamed or whole.',
    aliases: ['/chat/completions'],
  },
  {
    method: 'POST',
    path: '/v1/messages',
    operation: 'chat',
    protocol: anthropic,
    meaning: 'A chat in the Anthropic Messages wire.',
    aliases: ['/messages'],
  },
  {
    method: 'POST',
    path: '/v1/messages/count_tokens',
    operation: 'count-tokens',
    protocol: anthropic,
    meaning: 'Prompt tokens of an Anthropic request.',
    aliases: ['/messages/count_tokens'],
  },
  {
    method: 'POST',
    path: '/v1/responses',
    operation: 'chat',
    protocol: responses,
    meaning:
      'A chat in the OpenAI Responses wire. A WebSocket (GET with Upgrade) is answered with 426 at once.',
    aliases: ['/responses', '/codex/**:rest'],
  },
  {
    method: 'POST',
    path: '/v1/responses/input_tokens',
    operation: 'count-tokens',
    protocol: responses,
    meaning: 'Prompt tokens of a Responses request.',
    aliases: ['/responses/input_tokens', '/codex/responses/input_tokens'],
  },
  {
    method: 'POST',
    path: '/v1/responses/compact',
    operation: 'chat',
    protocol: responses,
    meaning: 'A long conversation made short.',
    aliases: ['/responses/compact', '/codex/responses/compact'],
  },
  ...storedResponse('', [
    ['GET', 'response', 'An answer that the gateway keeps for this key (`store`).'],
    ['DELETE', 'response', 'Forgets that answer.'],
  ]),
  ...storedResponse('/cancel', [['POST', 'response-cancel', 'Refused: nothing runs in the background.']]),
  ...storedResponse('/input_items', [
    ['GET', 'response-items', 'What the model was given for that answer; `order`, `limit`, `after`.'],
  ]),
  {
    method: 'POST',
    path: '/v1/embeddings',
    operation: 'embeddings',
    protocol: chat,
    meaning: 'Embeddings in the OpenAI wire.',
    aliases: ['/embeddings'],
  },
  {
    method: 'GET',
    path: '/v1/embeddings',
    operation: 'embedding-models',
    protocol: chat,
    meaning: 'Names that can be asked for embeddings.',
    aliases: ['/embeddings'],
  },
  {
    method: 'POST',
    path: '/api/embed',
    operation: 'embeddings',
    protocol: 'ollama',
    meaning: 'Embeddings in the Ollama wire.',
    aliases: ['/v1/api/embed'],
  },
  {
    method: 'POST',
    path: '/api/embeddings',
    operation: 'embeddings',
    protocol: 'ollama',
    meaning: 'One embedding in the Ollama wire of old.',
    aliases: ['/v1/api/embeddings'],
  },
  {
    method: 'POST',
    path: '/v1/images/generations',
    operation: 'images',
    protocol: chat,
    meaning: 'Images in the OpenAI wire.',
  },
  {
    method: 'POST',
    path: '/v1/audio/transcriptions',
    operation: 'transcriptions',
    protocol: chat,
    meaning: 'Transcriptions in the OpenAI wire.',
  },
  {
    method: 'POST',
    path: '/v1/api/chat',
    operation: 'chat',
    protocol: 'ollama',
    meaning: 'A chat in the Ollama wire.',
    aliases: ['/api/chat'],
  },
  {
    method: 'POST',
    path: '/v1/api/generate',
    operation: 'chat',
    protocol: 'ollama',
    meaning: 'One prompt in the Ollama wire, its older form.',
    aliases: ['/api/generate'],
  },
  {
    method: 'GET',
    path: '/api/tags',
    operation: 'tags',
    protocol: 'ollama',
    meaning: 'Names that a client may ask for, as Ollama lists them.',
    aliases: ['/v1/api/tags'],
  },
  {
    method: 'POST',
    path: '/api/show',
    operation: 'show',
    protocol: 'ollama',
    meaning: 'What one of these names can do: `{ model }`.',
    aliases: ['/v1/api/show'],
  },
  {
    method: 'GET',
    path: '/api/ps',
    operation: 'loaded',
    protocol: 'ollama',
    meaning: 'Models in memory, for Ollama clients: none.',
    aliases: ['/v1/api/ps'],
  },
  {
    method: 'GET',
    path: '/api/version',
    operation: 'version',
    protocol: 'ollama',
    meaning: 'The version of Ollama whose API this is.',
    aliases: ['/v1/api/version'],
  },
  {
    method: 'GET',
    path: '/',
    operation: 'alive',
    protocol: 'ollama',
    meaning: 'A sign of life for clients that probe, also by HEAD; browsers are sent to the dashboard.',
    aliases: ['/api/hello'],
  },
  {
    method: 'GET',
    path: '/v1/models',
    operation: 'models',
    protocol: chat,
    meaning: 'Names that a client may ask for, in the shape of the client that asks.',
    aliases: ['/v1', '/models'],
  },
  {
    method: 'GET',
    path: '/v1/models/**:rest',
    operation: 'model',
    protocol: chat,
    meaning: 'One of these names.',
    aliases: ['/models/**:rest'],
  },
  {
    method: 'GET',
    path: '/v1beta/models',
    operation: 'models',
    protocol: gemini,
    meaning: 'The same names as Google lists them.',
    aliases: ['/v1/v1beta/models', '/v1beta/v1beta/models'],
  },
  {
    method: 'GET',
    path: '/v1beta/models/**:rest',
    operation: 'model',
    protocol: gemini,
    meaning: 'One of these names.',
    aliases: ['/v1/v1beta/models/**:rest', '/v1beta/v1beta/models/**:rest'],
  },
  ...geminiVerbs,
  {
    method: 'GET',
    path: '/healthz',
    operation: 'health',
    protocol: chat,
    meaning: 'Whether this instance takes requests; more for callers with a key.',
  },
];

/** Clients whose base URL already ends in /v1 double it; that costs nothing to absorb. */
function doubled(path: string): readonly string[] {
  const first = path === '/v1' || path.startsWith('/v1/');
  return first && !path.startsWith('/v1/v1') ? [`/v1${path}`] : [];
}

function expand({ aliases = [], ...row }: Plain): readonly RouteRow[] {
  const others = [...new Set([...aliases, ...[row.path, ...aliases].flatMap(doubled)])];
  return [
    { ...row, lane: 'data' },
    ...others.map((path) => ({ ...row, path, lane: 'data', aliasOf: row.path }) as const),
  ];
}

/** The rows with their other spellings. */
export const dataRoutes: readonly RouteRow[] = plainRoutes.flatMap(expand);

/** Path → family of its error envelope, for paths that the table does not know; the longest prefix wins. */
export const families: readonly (readonly [prefix: string, protocol: ProtocolName])[] = [
  ['/v1/v1/messages', anthropic],
  ['/v1/messages', anthropic],
  ['/messages', anthropic],
  ['/v1/v1/responses', responses],
  ['/v1/responses', responses],
  ['/responses', responses],
  ['/codex', responses],
  ['/v1beta', gemini],
  ['/v1/v1beta', gemini],
  ['/v1/api', 'ollama'],
  ['/api/chat', 'ollama'],
  ['/api/generate', 'ollama'],
  ['/api/embed', 'ollama'],
  ['/api/embeddings', 'ollama'],
  ['/api/tags', 'ollama'],
  ['/api/show', 'ollama'],
  ['/api/ps', 'ollama'],
  ['/api/version', 'ollama'],
  ['/api/pull', 'ollama'],
  ['/api/push', 'ollama'],
  ['/api/create', 'ollama'],
  ['/api/copy', 'ollama'],
  ['/api/delete', 'ollama'],
  ['/api/blobs', 'ollama'],
];
