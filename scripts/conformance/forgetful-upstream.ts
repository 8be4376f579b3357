// A Chat upstream that plays one long conversation: it calls a tool and reports a prompt near the limit, writes a summary
// when it is asked for a handover, and says FINAL once it reads that summary.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ForgetfulUpstream {
  readonly url: string;
  /** What each call was: `call`, `summary`, `final`. */
  readonly turns: readonly string[];
  close(): Promise<void>;
}

/** Prompt tokens of the first turn. */
export const longPrompt = 30_000;

const summary = 'SUMMARY-4711: all is well.';

interface ChatBody {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly {
    readonly function?: { readonly name: string };
    readonly custom?: { readonly name: string };
  }[];
}

export async function startForgetfulUpstream(): Promise<ForgetfulUpstream> {
  const turns: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ChatBody;
      const turn = tellTurn(body);
      turns.push(turn);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const chunk of play(turn, body)) {
        const whole = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', ...chunk };
        response.write(`data: ${JSON.stringify(whole)}\n\n`);
      }
      response.end('data: [DONE]\n\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    turns,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

function tellTurn({ messages }: ChatBody): 'call' | 'summary' | 'final' {
  if (JSON.stringify(messages.at(-1)).includes('handover')) return 'summary';
  return JSON.stringify(messages).includes(summary) ? 'final' : 'call';
}

function play(turn: string, { tools = [] }: ChatBody): readonly object[] {
  const usage = {
    prompt_tokens: turn === 'call' ? longPrompt : 100,
    completion_tokens: 5,
    total_tokens: longPrompt,
  };
  const delta =
    turn === 'call' ? { tool_calls: [callOf(tools)] } : { content: turn === 'summary' ? summary : 'FINAL' };
  return [
    { choices: [{ index: 0, delta: { role: 'assistant', ...delta }, finish_reason: null }] },
    { choices: [{ index: 0, delta: {}, finish_reason: turn === 'call' ? 'tool_calls' : 'stop' }] },
    { choices: [], usage },
  ];
}

// Codex's `exec` takes JavaScript.
function callOf(tools: NonNullable<ChatBody['tools']>): object {
  const input = 'text("tool-ran-ok")';
  const custom = tools.find((tool) => tool.custom?.name.endsWith('exec'))?.custom?.name;
  if (custom !== undefined)
    return { index: 0, id: 'call_1', type: 'custom', custom: { name: custom, input } };
  const name = tools.find((tool) => tool.function?.name.endsWith('exec'))?.function?.name ?? 'exec';
  return {
    index: 0,
    id: 'call_1',
    type: 'function',
    function: { name, arguments: JSON.stringify({ input }) },
  };
}
