// The last step of an answer on its way back: undoes what the request's translation had to bend. Tool names get their
// own spelling, a forced tool becomes the text that the client asked for, wrapped free-form calls are unwrapped, fences
// around JSON go away, stop texts that the upstream does not know cut the answer.
import type { AnswerEvent, AnswerListener } from './events.ts';
import { createFenceStripper } from './fence.ts';
import type { FenceStripper } from './fence.ts';
import { createInputReader } from './freeform.ts';
import type { InputReader } from './freeform.ts';
import { createStopListener } from './stop-texts.ts';
import type { ToolNames } from './tool-names.ts';

export interface RewritePlan {
  readonly names: ToolNames;
  readonly schemaTool?: string;
  readonly freeform?: ReadonlySet<string>;
  readonly stripFence?: boolean;
  readonly stop?: readonly string[];
}

/** Wraps a listener; with nothing to undo it costs one look-up per call of a tool. */
export function createRewriter(plan: RewritePlan, listener: AnswerListener): AnswerListener {
  const emit = plan.stop === undefined ? listener : createStopListener(plan.stop, listener);
  /** Calls of the forced tool. One is the answer; a model that was not held back may make it again. */
  const schemaBlocks = new Set<number>();
  const answerBlock = (): number | undefined => schemaBlocks.values().next().value;
  const readers = new Map<number, InputReader>();
  const fences = new Map<number, FenceStripper>();
  // With a forced tool: text until it is known whether the tool follows; beside its JSON no client can use any.
  const held: AnswerEvent[] = [];
  let ownCalls = 0;

  return (event) => {
    if (plan.schemaTool !== undefined) {
      if (event.type === 'text-start' || event.type === 'text-delta' || event.type === 'text-end') {
        held.push(event);
        return;
      }
      if (event.type === 'tool-call-start' || event.type === 'answer-end') settleHeld(event);
    }
    switch (event.type) {
      case 'tool-call-start':
        startCall(event);
        break;
      case 'tool-call-delta':
        if (event.id === answerBlock()) emit({ type: 'text-delta', id: event.id, text: event.text });
        else if (!schemaBlocks.has(event.id)) pass(event, readers.get(event.id)?.push(event.text));
        break;
      case 'tool-call-end':
        readers.delete(event.id);
        if (event.id === answerBlock()) emit({ type: 'text-end', id: event.id });
        else if (!schemaBlocks.has(event.id)) emit(event);
        break;
      case 'text-start':
        if (plan.stripFence) fences.set(event.id, createFenceStripper());
        emit(event);
        break;
      case 'text-delta':
        pass(event, fences.get(event.id)?.push(event.text));
        break;
      case 'text-end': {
        const rest = fences.get(event.id)?.end() ?? '';
        if (rest !== '') emit({ type: 'text-delta', id: event.id, text: rest });
        emit(event);
        break;
      }
      case 'answer-end':
        emit(
          event.finish.reason === 'tool-calls' && schemaBlocks.size > 0 && ownCalls === 0 ? stopped : event,
        );
        break;
      default:
        emit(event);
    }
  };

  function settleHeld(event: AnswerEvent): void {
    const isSchema = event.type === 'tool-call-start' && event.name === plan.schemaTool;
    const texts = held.splice(0);
    if (!isSchema && schemaBlocks.size === 0) for (const text of texts) emit(text);
  }

  function startCall(event: Extract<AnswerEvent, { type: 'tool-call-start' }>): void {
    if (event.name === plan.schemaTool) {
      schemaBlocks.add(event.id);
      if (event.id === answerBlock()) emit({ type: 'text-start', id: event.id });
      return;
    }
    ownCalls++;
    const name = plan.names.decode(event.name);
    const freeform = plan.freeform?.has(event.name) === true;
    if (freeform) readers.set(event.id, createInputReader());
    emit(freeform ? { ...event, name, freeform } : name === event.name ? event : { ...event, name });
  }

  /** Passes a delta on, with another text where a reader has one. */
  function pass(
    event: Extract<AnswerEvent, { type: 'text-delta' | 'tool-call-delta' }>,
    text: string | undefined,
  ): void {
    if (text === undefined) emit(event);
    else if (text !== '') emit({ ...event, text });
  }
}

const stopped: AnswerEvent = { type: 'answer-end', finish: { reason: 'stop' } };
