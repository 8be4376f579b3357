// The route table: every promised path and alias, the families of errors, and 405 with what is allowed.
import { describe, expect, it } from 'vitest';
import { matchNothing, matchRoute } from '../../../src/server/match.ts';
import { routes } from '../../../src/server/routes.ts';

describe('matchRoute', () => {
  it.each([
    ['POST', '/v1/chat/completions', 'chat', 'openai-chat'],
    ['POST', '/v1/v1/chat/completions', 'chat', 'openai-chat'],
    ['POST', '/v1/chat/completions/', 'chat', 'openai-chat'],
    ['POST', '/chat/completions', 'chat', 'openai-chat'],
    ['POST', '/v1/messages', 'chat', 'anthropic-messages'],
    ['POST', '/v1/v1/messages', 'chat', 'anthropic-messages'],
    ['POST', '/messages', 'chat', 'anthropic-messages'],
    ['POST', '/v1/messages/count_tokens', 'count-tokens', 'anthropic-messages'],
    ['POST', '/v1/responses', 'chat', 'openai-responses'],
    ['POST', '/responses', 'chat', 'openai-responses'],
    ['POST', '/responses/compact', 'chat', 'openai-responses'],
    ['POST', '/codex/anything/at/all', 'chat', 'openai-responses'],
    ['POST', '/v1/embeddings', 'embeddings', 'openai-chat'],
    ['POST', '/embeddings', 'embeddings', 'openai-chat'],
    ['POST', '/v1/images/generations', 'images', 'openai-chat'],
    ['POST', '/v1/audio/transcriptions', 'transcriptions', 'openai-chat'],
    ['GET', '/v1/models', 'models', 'openai-chat'],
    ['GET', '/v1/v1/models', 'models', 'openai-chat'],
    ['GET', '/v1', 'models', 'openai-chat'],
    ['GET', '/v1/v1', 'models', 'openai-chat'],
    ['GET', '/models', 'models', 'openai-chat'],
    ['HEAD', '/v1/models', 'models', 'openai-chat'],
    ['GET', '/healthz', 'health', 'openai-chat'],
  ])('%s %s is %s in %s', (method, path, operation, protocol) => {
    expect(matchRoute(method, path)?.route).toMatchObject({ operation, protocol });
  });

  it.each([
    ['/v1/models/gpt-5', 'gpt-5'],
    ['/v1/models/a/b', 'a/b'],
    ['/v1/models/a%2Fb%20c', 'a/b c'],
    ['/models/a', 'a'],
    ['/v1/models/%E0%A4%A', '%E0%A4%A'],
  ])('takes the id out of %s', (path, rest) => {
    expect(matchRoute('GET', path)).toMatchObject({ rest, route: { operation: 'model' } });
  });

  it.each(['/', '/v1/chat', '/v2/models', '/V1/models', '/v1/chat/completions/x'])(
    'has nothing for POST %s',
    (path) => expect(matchRoute('POST', path)).toBeUndefined(),
  );
});

describe('matchNothing', () => {
  it('says which methods a known path takes', () => {
    expect(matchNothing('/v1/chat/completions')).toMatchObject({ operation: 'none', allow: ['POST'] });
    expect(matchNothing('/v1/models')).toMatchObject({ allow: ['GET'] });
  });

  it.each([
    ['/v1/messages/batches', 'anthropic-messages'],
    ['/v1/messagesx', 'openai-chat'],
    ['/v1/responses/abc/cancel', 'openai-responses'],
    ['/v1beta/models', 'gemini'],
    ['/api/generate', 'ollama'],
    ['/nowhere', 'openai-chat'],
  ])('finds the family of %s', (path, protocol) => {
    expect(matchNothing(path).protocol).toBe(protocol);
  });
});

describe('the table', () => {
  it('has no row twice, and explains every row', () => {
    const keys = routes.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { meaning } of routes) expect(meaning).toMatch(/\.$/);
  });

  it('gives every alias what it stands for', () => {
    for (const { aliasOf, method, operation, lane } of routes) {
      if (aliasOf === undefined || lane !== 'data') continue;
      expect(routes.find((row) => row.path === aliasOf && row.method === method)).toMatchObject({
        operation,
      });
    }
  });
});
