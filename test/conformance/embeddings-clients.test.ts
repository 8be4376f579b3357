// Embeddings through the frameworks that people build on, each at an upstream of every wire.
import { createOpenAI } from '@ai-sdk/openai';
import { OllamaEmbeddings } from '@langchain/ollama';
import { OpenAIEmbeddings } from '@langchain/openai';
import { embedMany } from 'ai';
import { createOllama } from 'ollama-ai-provider-v2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embed } from '../../src/upstream/sandbox/lists.ts';
import { startRig, type Rig } from '../support/gateway.ts';
import { makeEndpoint, makeProvider } from '../support/routing.ts';

const wires = ['openai-chat', 'gemini', 'ollama'] as const;
const texts = ['the quick brown fox', 'zwölf Boxkämpfer 🥊', 'a\nb'];
const vectors = texts.map((text) => embed(text));

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({
    providers: wires.map((protocol) =>
      makeProvider(`at-${protocol}`, {
        endpoints: [makeEndpoint({ protocol, auth: 'none', baseUrl: 'http://sandbox.invalid/v1' })],
        sandbox: { faults: false, seed: 1, behaviours: {} },
      }),
    ),
  });
});
afterAll(() => rig.close());

const clients: Readonly<Record<string, (model: string, url: string) => Promise<number[][]>>> = {
  'AI SDK, OpenAI': async (model, url) => {
    const provider = createOpenAI({ apiKey: 'x', baseURL: `${url}/v1` });
    return (await embedMany({ model: provider.embedding(model), values: texts })).embeddings;
  },
  'AI SDK, Ollama': async (model, url) => {
    const provider = createOllama({ baseURL: `${url}/api` });
    return (await embedMany({ model: provider.embedding(model), values: texts })).embeddings;
  },
  'LangChain, OpenAI': (model, url) =>
    new OpenAIEmbeddings({
      model,
      apiKey: 'x',
      configuration: { baseURL: `${url}/v1` },
      stripNewLines: false,
    }).embedDocuments(texts),
  'LangChain, Ollama': (model, url) => new OllamaEmbeddings({ model, baseUrl: url }).embedDocuments(texts),
};

describe.each(Object.keys(clients))('%s', (client) => {
  it.each(wires)('reads the vectors of an upstream of %s', async (wire) => {
    const found = await clients[client]!(`at-${wire}/echo`, rig.server.url);
    expect(found.map((vector) => vector.map((value) => Number(value.toFixed(6))))).toEqual(vectors);
  });
});
