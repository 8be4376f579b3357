// Events → a Responses stream, in its strict grammar: numbers without a gap, one item after the other, each begun and
// ended once and repeated whole at the end. Deltas fill a template, no object is built.
import type { AnswerEvent } from '../../ir/events.ts';
import { createOrder } from '../../ir/in-order.ts';
import { mergeUsage } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';
import type { AnswerEncoder, EncodeContext } from '../protocol.ts';
import { encodeAnswerId, encodeFinish } from './finish.ts';
import { createOutput } from './output.ts';
import { createSkeleton, type Skeleton } from './skeleton.ts';

export function createAnswerEncoder(context: EncodeContext): AnswerEncoder {
  let out = '';
  let number = 0;
  const writer = createResponseWriter(context, (type, members) => {
    out += `event: ${type}\ndata: {"type":"${type}","sequence_number":${number++},${members}}\n\n`;
  });
  return {
    write: writer.write,
    take() {
      const ready = out;
      out = '';
      return ready;
    },
  };
}

/** `members`: JSON of an event without its braces, type and number. */
export type Sink = (type: string, members: string) => void;

export interface ResponseWriter {
  write(event: AnswerEvent): void;
  /** JSON of the whole response, once it has ended. */
  response(): string;
}

export function createResponseWriter(context: EncodeContext, sink: Sink): ResponseWriter {
  const output = createOutput(context, sink);
  const order = createOrder(output.write);
  let skeleton: Skeleton | undefined;
  let usage: Usage | undefined;
  let response = '';

  return { write, response: () => response };

  function write(event: AnswerEvent): void {
    switch (event.type) {
      case 'answer-start': {
        const members = `"response":${start(event.id, event.model, event.created).running()}`;
        sink('response.created', members);
        sink('response.in_progress', members);
        break;
      }
      case 'usage-update':
        usage = mergeUsage(usage, event.usage);
        break;
      case 'logprobs-add':
        output.addLogprobs(event.tokens);
        break;
      case 'answer-end': {
        const { reason, explanation } = event.finish;
        const { status } = encodeFinish(reason);
        order.drain();
        output.end(status, explanation);
        response = (skeleton ?? start('', '', undefined)).ended(reason, output.items, usage);
        sink(`response.${status}`, `"response":${response}`);
        break;
      }
      case 'answer-fail':
        break;
      default:
        order.write(event);
    }
  }

  function start(id: string, model: string, created: number | undefined): Skeleton {
    skeleton = createSkeleton(
      {
        id: encodeAnswerId(id, context),
        model: model === '' ? context.model : model,
        created: created ?? context.created,
      },
      context,
    );
    return skeleton;
  }
}
