// The fixed bytes of the benchmarks' upstream as Anthropic Messages spells them.

const usage = { input_tokens: 12, output_tokens: 50 };
const text = 'The quick brown fox jumps over the lazy dog. '.repeat(16);
const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: 'm', stop_sequence: null };

export const messagesBytes = {
  answer: JSON.stringify({ ...message, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage }),
  firstFrame:
    frame('message_start', { message: { ...message, content: [], stop_reason: null, usage } }) +
    frame('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
    delta('Once '),
  nextFrame: delta('upon a time '),
  lastFrames:
    frame('content_block_stop', { index: 0 }) +
    frame('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage }) +
    frame('message_stop', {}),
};

function delta(piece: string): string {
  return frame('content_block_delta', { index: 0, delta: { type: 'text_delta', text: piece } });
}

function frame(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
