// The agent of agent-upstream.ts in Google's wire, written by hand and apart from the codec: it thinks where thoughts are
// asked for, says a word, calls the first tool twice without ids, with its signature on the first call, refuses a history
// whose calls lost theirs, and answers FINAL once it has both results.
import { finalText } from './agent-upstream.ts';
import type { Script } from './upstream.ts';

interface Part {
  readonly text?: string;
  readonly functionCall?: { readonly name: string };
  readonly functionResponse?: object;
  readonly thoughtSignature?: string;
}

interface Body {
  readonly contents: readonly { readonly role?: string; readonly parts: readonly Part[] }[];
  readonly tools?: readonly { readonly functionDeclarations?: readonly { readonly name: string }[] }[];
  readonly generationConfig?: { readonly thinkingConfig?: { readonly includeThoughts?: boolean } };
}

/** What Google writes where it signs a call. */
export const geminiSignature = 'U0lHTkFUVVJFLU9GLUlTU1VFUg==';

export const geminiAgent: Script = ({ path, body, response }) => {
  const { contents, tools, generationConfig } = JSON.parse(body) as Body;
  const parts = contents.flatMap((content) => content.parts);
  const tool = tools?.[0]?.functionDeclarations?.[0]?.name;
  const results = parts.filter(({ functionResponse }) => functionResponse !== undefined);
  const [past] = parts.filter(({ functionCall }) => functionCall !== undefined);
  if (past && past.thoughtSignature === undefined) {
    response.writeHead(400, { 'content-type': 'application/json' });
    const message = 'Function call is missing a thought_signature.';
    response.end(JSON.stringify({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }));
    return;
  }
  const calls = tool !== undefined && results.length < 2;
  const thought = calls ? 'Run it twice.' : 'All there.';
  const said: object[] = [
    ...(generationConfig?.thinkingConfig?.includeThoughts ? [{ text: thought, thought: true }] : []),
    { text: calls ? 'Looking.' : finalText },
    ...(calls
      ? [1, 2].map((n) => ({
          functionCall: { name: tool, args: { n } },
          ...(n === 1 && { thoughtSignature: geminiSignature }),
        }))
      : []),
  ];
  const usageMetadata = {
    promptTokenCount: 40,
    cachedContentTokenCount: 30,
    candidatesTokenCount: 7,
    thoughtsTokenCount: 5,
    totalTokenCount: 52,
  };
  const answer = (some: readonly object[], finishReason?: string): string =>
    JSON.stringify({
      candidates: [
        { content: { role: 'model', parts: some }, index: 0, ...(finishReason && { finishReason }) },
      ],
      ...(finishReason && { usageMetadata }),
      modelVersion: 'gemini-model',
      responseId: 'gemini-agent',
    });
  if (!path.includes(':streamGenerateContent')) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(answer(said, 'STOP'));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(
    said.map((part, i) => `data: ${answer([part], i === said.length - 1 ? 'STOP' : undefined)}\n\n`).join(''),
  );
};
