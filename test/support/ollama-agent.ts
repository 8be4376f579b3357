// The agent of agent-upstream.ts in Ollama's wire, written by hand after its documentation and apart from the codec: it
// thinks where it is let, says a word, calls the first tool twice without giving ids, and answers FINAL once it has both
// results. There are no recordings of Ollama.
import { finalText } from './agent-upstream.ts';
import type { Script } from './upstream.ts';

interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly think?: boolean | string;
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly messages?: readonly { readonly role: string; readonly content: unknown }[];
}

export const ollamaAgent: Script = ({ path, body, response }) => {
  const request = JSON.parse(body) as Body;
  const isChat = path.endsWith('/chat');
  const tool = request.tools?.[0]?.function.name;
  const results = request.messages?.filter(({ role }) => role === 'tool') ?? [];
  const calls = tool !== undefined && results.length < 2;
  const thinking = request.think === false ? '' : calls ? 'Run it twice.' : 'All there.';
  const content = calls ? 'Looking.' : finalText;
  const made = calls ? [1, 2].map((n) => ({ function: { name: tool, arguments: { n } } })) : undefined;
  const say = (members: { content?: string; thinking?: string; tool_calls?: object[] }): object =>
    isChat
      ? { message: { role: 'assistant', content: '', ...members } }
      : { response: members.content ?? '', ...(members.thinking && { thinking: members.thinking }) };
  const head = { model: request.model, created_at: '2026-01-01T00:00:00.123456789Z' };
  const end = {
    done: true,
    done_reason: 'stop',
    total_duration: 5_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: 40,
    prompt_eval_duration: 1_000_000,
    eval_count: 12,
    eval_duration: 3_000_000,
  };
  if (request.stream === false) {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    const whole = say({ content, ...(thinking && { thinking }), ...(made && { tool_calls: made }) });
    response.end(JSON.stringify({ ...head, ...whole, ...end }));
    return;
  }
  const lines = [
    ...split(thinking).map((piece) => ({ ...say({ thinking: piece }), done: false })),
    ...split(content).map((piece) => ({ ...say({ content: piece }), done: false })),
    ...(made ?? []).map((call) => ({ ...say({ tool_calls: [call] }), done: false })),
    { ...say({}), ...end },
  ];
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.end(lines.map((line) => `${JSON.stringify({ ...head, ...line })}\n`).join(''));
};

function split(text: string): readonly string[] {
  return [...text.matchAll(/[^]{1,5}/gu)].map(([piece]) => piece);
}
