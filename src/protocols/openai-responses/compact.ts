// Compaction for upstreams that have none: the model sums the conversation up, and what it says comes back as the one
// item that stands for it. Asked for by POST …/compact, or by a `compaction_trigger` at the end of the input.
import type { AnswerListener } from '../../ir/events.ts';
import type { OpaquePart } from '../../ir/parts.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Codec, EncodeContext, Protocol } from '../protocol.ts';
import { writeCompaction } from './compaction.ts';
import { encodeUsage } from './usage.ts';
import { wire } from './wire.ts';

const question = `The conversation above becomes too long and will be replaced by what you write now. Write a handover for whoever goes on with it and has seen nothing of it: the goal in the user's own words, decisions and their reasons, what has been done and what it showed, names of files, commands, identifiers and values that are still needed, open questions, and the next step. Write only the handover. Do not call tools.`;

const trigger = 'compaction_trigger';

/** The codec, with answers to a trigger told as a compaction. */
export function withCompaction(codec: Codec): Codec {
  return {
    ...codec,
    decodeRequest(body, ...rest) {
      const { input } = body;
      const last: unknown = Array.isArray(input) ? input.at(-1) : undefined;
      if (!isObject(last) || last['type'] !== trigger) return codec.decodeRequest(body, ...rest);
      const items = (input as readonly unknown[]).slice(0, -1);
      const decoded = codec.decodeRequest(ask(body, items), ...rest);
      return { ...decoded, client: { ...decoded.client, summary: [] } };
    },
    createAnswerEncoder(context) {
      const encoder = codec.createAnswerEncoder(context);
      if (context.client.summary === undefined) return encoder;
      return { write: sumUp(context, encoder.write), take: () => encoder.take() };
    },
    encodeAnswer(answer, context) {
      if (context.client.summary === undefined) return codec.encodeAnswer(answer, context);
      const text = answer.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
      return codec.encodeAnswer({ ...answer, parts: [createPart(context, text)] }, context);
    },
  };
}

/** The wire as POST …/compact speaks it: passed on to the upstream's own path, or a summary in that path's envelope. */
export function createCompact(responses: Protocol & { readonly codec: Codec }): Protocol {
  const { codec, errors } = responses;
  return {
    ...responses,
    optional: true,
    errors: {
      ...errors,
      // The path is missing, not the model.
      decode(status, ...rest) {
        const failure = errors.decode(status, ...rest);
        const aboutModel = failure.code === 'model_not_found' || failure.param === 'model';
        return [404, 405, 501].includes(status) && !aboutModel
          ? { ...failure, class: 'unsupported' }
          : failure;
      },
    },
    peek: {
      ...responses.peek,
      path: () => '/responses/compact',
      // Never a stream, whatever the Accept header or the body hopes for.
      request(body, limits, path) {
        const peek = responses.peek.request(body, limits, path);
        return { ...peek, stream: false, spans: { stream: { start: 0, end: 0 }, ...peek.spans } };
      },
    },
    codec: {
      ...codec,
      decodeRequest(body, ...rest) {
        const items = listItems(body['input']);
        const decoded = codec.decodeRequest(ask(body, items), ...rest);
        return { ...decoded, client: { ...decoded.client, summary: items.filter(isUserMessage) } };
      },
      encodeAnswer(answer, context) {
        const text = answer.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
        return JSON.stringify({
          id: context.newId('resp_'),
          object: 'response.compaction',
          created_at: answer.created ?? context.created,
          output: [...(context.client.summary ?? []), createItem(context, text)],
          usage: encodeUsage(answer.usage ?? {}),
        });
      },
    },
  };
}

// Tools stay, because the calls of the history need them; an answer in some format would be no handover.
function ask(
  { tool_choice: _choice, text: _text, ...body }: JsonObject,
  items: readonly unknown[],
): JsonObject {
  const last = { type: 'message', role: 'user', content: question };
  return { ...body, stream: body['stream'] ?? false, tool_choice: 'none', input: [...items, last] };
}

/** Swallows what the model says, and tells it at the end. */
function sumUp(context: EncodeContext, write: AnswerListener): AnswerListener {
  let text = '';
  return (event) => {
    switch (event.type) {
      case 'answer-start':
      case 'usage-update':
      case 'answer-fail':
        write(event);
        break;
      case 'text-delta':
        text += event.text;
        break;
      case 'answer-end':
        write({ type: 'part-add', id: 0, part: createPart(context, text) });
        write(event);
        break;
      default:
        break;
    }
  };
}

function createPart(context: EncodeContext, text: string): OpaquePart {
  return { kind: 'opaque', wire, block: createItem(context, text), text };
}

// A model that says nothing must not make a conversation vanish without a word.
function createItem({ newId }: EncodeContext, text: string): JsonObject {
  return writeCompaction(newId('cmp_'), text.trim() === '' ? '(The model wrote no summary.)' : text);
}

function listItems(input: unknown): readonly JsonObject[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  return Array.isArray(input) ? (input as readonly unknown[]).filter(isObject) : [];
}

function isUserMessage({ type, role }: JsonObject): boolean {
  return (type === undefined || type === 'message') && role === 'user';
}
