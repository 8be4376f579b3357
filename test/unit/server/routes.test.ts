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

  it.each([
    ['/v1beta/models/gemini-3:generateContent', 'gemini-3', 'generateContent', 'chat'],
    ['/v1beta/models/gemini-3:streamGenerateContent', 'gemini-3', 'streamGenerateContent', 'chat'],
    ['/v1/models/a/b:generateContent', 'a/b', 'generateContent', 'chat'],
    ['/v1beta/a/b:generateContent', 'a/b', 'generateContent', 'chat'],
    ['/v1beta/models/a/b:free:generateContent', 'a/b:free', 'generateContent', 'chat'],
    ['/v1beta/models/a%2Fb%3Afree:countTokens', 'a/b:free', 'countTokens', 'count-tokens'],
    ['/v1beta/models/a%2Fb%3AcountTokens', 'a/b', 'countTokens', 'count-tokens'],
    ['/v1/v1beta/models/a:embedContent', 'a', 'embedContent', 'embeddings'],
    ['/v1/v1/models/a:embedContent', 'a', 'embedContent', 'embeddings'],
    ['/v1beta/v1beta/models/a:batchEmbedContents', 'a', 'batchEmbedContents', 'embeddings'],
    ['/models/a:generateContent', 'a', 'generateContent', 'chat'],
    ['/v1beta/models/models/a:generateContent', 'models/a', 'generateContent', 'chat'],
    ['/v1beta/tunedModels/a:generateContent', 'tunedModels/a', 'generateContent', 'chat'],
    ['/v1beta/models/50%:generateContent', '50%', 'generateContent', 'chat'],
  ])('routes %s on its last verb', (path, model, verb, operation) => {
    expect(matchRoute('POST', path)).toMatchObject({ model, route: { operation, verb, protocol: 'gemini' } });
    expect(matchRoute('GET', path)?.route.verb).toBeUndefined();
  });

  it.each([
    '/v1beta/models/a',
    '/v1beta/models/a:predict',
    '/v1beta/models/:generateContent',
    '/v1beta/:generateContent',
    '/v1beta/models/a:generateContent/b',
    '/v1beta/models/a:constructor',
    '/v1beta/models/a:GenerateContent',
    '/v1beta',
    '/v1/models/a',
  ])('knows no verb in POST %s', (path) => {
    expect(matchRoute('POST', path)).toBeUndefined();
    expect(matchNothing(path).allow ?? []).not.toContain('POST');
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
    ['/v1beta/files', 'gemini'],
    ['/api/generate', 'ollama'],
    ['/nowhere', 'openai-chat'],
  ])('finds the family of %s', (path, protocol) => {
    expect(matchNothing(path).protocol).toBe(protocol);
  });
});

describe('the table', () => {
  it('has no row twice, and explains every row', () => {
    const keys = routes.map(({ method, path, verb }) => `${method} ${path} ${verb ?? ''}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { meaning } of routes) expect(meaning).toMatch(/\.$/);
  });

  it('gives every alias what it stands for', () => {
    for (const { aliasOf, method, operation, lane, verb } of routes) {
      if (aliasOf === undefined || lane !== 'data') continue;
      expect(
        routes.find((row) => row.path === aliasOf && row.method === method && row.verb === verb),
      ).toMatchObject({ operation });
    }
  });
});
