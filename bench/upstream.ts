// The upstream of all benchmarks: an answer of fixed bytes in the wire that the path asks for (Chat Completions or
// Anthropic Messages), as cheap as node:http can send it.
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from './process.ts';
import type { Load } from './scenario.ts';
import { messagesBytes } from './upstream-messages.ts';

const usage = { prompt_tokens: 12, completion_tokens: 50, total_tokens: 62 };
const text = 'The quick brown fox jumps over the lazy dog. '.repeat(16);
const answer = JSON.stringify({
  ...head('chat.completion'),
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage,
});
const chatBytes = {
  answer,
  firstFrame: frame({ role: 'assistant', content: 'Once ' }),
  nextFrame: frame({ content: 'upon a time ' }),
  lastFrames: `${frame({}, 'stop')}data: ${JSON.stringify({ ...head(), choices: [], usage })}\n\ndata: [DONE]\n\n`,
};

// Said by the frame before the load begins: no target has to carry it through.
let load: Load = { kind: 'unary', connections: 1, bodyBytes: 0 };

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    const bytes = request.url?.endsWith('/messages') ? messagesBytes : chatBytes;
    if (load.kind === 'unary') answerWhole(response, bytes, load.delay ?? 0);
    else answerStream(response, bytes, load.chunks, load.gap);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');

serve({
  expect: (next: Load) => void (load = next),
  url: async () => {
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  },
});

type Bytes = typeof chatBytes;

function answerWhole(response: ServerResponse, { answer }: Bytes, delay: number): void {
  const send = () => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer),
    });
    response.end(answer);
  };
  if (delay > 0) setTimeout(send, delay);
  else send();
}

function answerStream(response: ServerResponse, bytes: Bytes, chunks: number, gap: number): void {
  const { firstFrame, nextFrame, lastFrames } = bytes;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let sent = 0;
  const step = () => {
    if (response.destroyed) return;
    response.write(sent === 0 ? firstFrame : nextFrame);
    if (++sent === chunks) {
      response.end(lastFrames);
      return;
    }
    if (gap > 0) setTimeout(step, gap);
    else if (response.writableNeedDrain) response.once('drain', step);
    else setImmediate(step);
  };
  step();
}

function frame(delta: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ ...head(), choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
}

function head(object = 'chat.completion.chunk') {
  return { id: 'chatcmpl-bench', object, created: 1_767_225_600, model: 'm' };
}
