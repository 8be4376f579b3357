import { describe, expect, it } from 'vitest';
import type { AnswerEvent } from '../../../src/ir/events.ts';
import { createRewriter } from '../../../src/ir/rewrite.ts';

const names = { encode: (name: string) => name, decode: (name: string) => name };

function rewrite(events: readonly AnswerEvent[]): string {
  const told: AnswerEvent[] = [];
  const push = createRewriter({ names, schemaTool: 'answer' }, (event) => void told.push(event));
  for (const event of events) push(event);
  return told
    .map((event) =>
      'text' in event ? event.text : event.type === 'tool-call-start' ? `<${event.name}>` : '',
    )
    .join('');
}

const text = (id: number, words: string): readonly AnswerEvent[] => [
  { type: 'text-start', id },
  { type: 'text-delta', id, text: words },
  { type: 'text-end', id },
];
const call = (id: number, name: string, input: string): readonly AnswerEvent[] => [
  { type: 'tool-call-start', id, callId: `call_${id}`, name },
  { type: 'tool-call-delta', id, text: input },
  { type: 'tool-call-end', id },
];
const end: AnswerEvent = { type: 'answer-end', finish: { reason: 'tool-calls' } };

describe('a structured answer that a forced tool carries', () => {
  it('is the only text, so that a client can parse it', () => {
    expect(
      rewrite([...text(0, 'Here it is.'), ...call(1, 'answer', '{"n":0}'), ...text(2, 'Done.'), end]),
    ).toBe('{"n":0}');
  });

  it('is one, also when the model gives it twice', () => {
    expect(rewrite([...call(0, 'answer', '{"n":0}'), ...call(1, 'answer', '{"n":1}'), end])).toBe('{"n":0}');
  });

  it('leaves the text of an answer that calls another tool, or none', () => {
    expect(rewrite([...text(0, 'I look.'), ...call(1, 'look', '{}'), end])).toBe('I look.<look>{}');
    expect(rewrite([...text(0, 'I cannot.'), end])).toBe('I cannot.');
  });
});
