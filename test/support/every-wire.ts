// A whole gateway over an agent of every wire, for suites that drive real clients through all pairs.
import { agent } from './agent-upstream.ts';
import { geminiAgent } from './gemini-agent.ts';
import { startRig, type Rig } from './gateway.ts';
import { ollamaAgent } from './ollama-agent.ts';
import { createResponsesAgent } from './responses-agent.ts';
import { makeConnection, makeEndpoint, makeProvider, makeTarget } from './routing.ts';
import { startUpstream, type Script, type Upstream } from './upstream.ts';

/** A provider is called like its wire; the model is one whose rules allow most. */
export const kinds = [
  { wire: 'openai-chat', model: 'gpt-5.2' },
  { wire: 'openai-responses', model: 'gpt-5.2' },
  { wire: 'anthropic-messages', model: 'claude-sonnet-4-5' },
  { wire: 'gemini', model: 'gemini-3-pro' },
  { wire: 'ollama', model: 'qwen3:8b' },
] as const;

export type Wire = (typeof kinds)[number]['wire'];

export interface EveryWire {
  readonly upstream: Upstream;
  readonly rig: Rig;
  close(): Promise<void>;
}

export async function startEveryWire(): Promise<EveryWire> {
  const responsesAgent = createResponsesAgent();
  const agents: Script = (call) => {
    if (call.path.includes('/api/')) return ollamaAgent(call);
    if (call.path.includes(':')) return geminiAgent(call);
    return call.path.endsWith('/responses') ? responsesAgent(call) : agent(call);
  };
  const upstream = await startUpstream(agents);
  const { baseUrl } = upstream;
  const rig = await startRig({
    // LangChain only sends pictures to models whose names it knows.
    aliases: kinds.map(({ wire, model }) => ({
      name: `gemini-3-on-${wire}`,
      target: makeTarget(`${wire}/${model}`),
    })),
    providers: kinds.map(({ wire }) =>
      makeProvider(wire, {
        endpoints: [
          makeEndpoint({
            baseUrl: wire === 'ollama' ? new URL(baseUrl).origin : baseUrl,
            protocol: wire,
            ...(wire === 'gemini' && { auth: 'x-goog-api-key' as const }),
            ...(wire === 'anthropic-messages' && {
              auth: 'x-api-key' as const,
              headers: { 'anthropic-version': '2023-06-01' },
            }),
          }),
        ],
        connections: [makeConnection(wire, { credential: { source: 'env', name: 'KEY' } })],
      }),
    ),
  });
  return {
    upstream,
    rig,
    async close() {
      await rig.close();
      await upstream.close();
    },
  };
}

/** The schema of the answer in the words of each wire. */
export function schemaOf(wire: Wire, body: string): unknown {
  const at = {
    'openai-chat': ['response_format', 'json_schema', 'schema'],
    'openai-responses': ['text', 'format', 'schema'],
    'anthropic-messages': ['output_config', 'format', 'schema'],
    gemini: ['generationConfig', 'responseJsonSchema'],
    ollama: ['format'],
  }[wire];
  return at.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    JSON.parse(body),
  );
}
