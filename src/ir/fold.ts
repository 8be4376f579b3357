// Events → whole answer. The only place where an answer is put together, so that a unary answer cannot differ from the
// stream of the same content.
import type { UpstreamFailure } from '../errors.ts';
import { defined } from '../lib/json.ts';
import type { Answer, AnswerEvent, AnswerStart, Finish, TokenProbability } from './events.ts';
import type { Citation, Part } from './parts.ts';
import { mergeUsage } from './usage.ts';
import type { Usage } from './usage.ts';

export interface Fold {
  write(event: AnswerEvent): void;
  /** The answer so far; undefined until it has ended. */
  answer(): Answer | undefined;
  failure(): UpstreamFailure | undefined;
}

export function createFold(): Fold {
  const blocks = new Map<number, Block>();
  let start: AnswerStart | undefined;
  let finish: Finish | undefined;
  let usage: Usage | undefined;
  let logprobs: TokenProbability[] | undefined;
  let failure: UpstreamFailure | undefined;

  return {
    write(event) {
      switch (event.type) {
        case 'answer-start':
          start = event;
          break;
        case 'usage-update':
          usage = mergeUsage(usage, event.usage);
          break;
        case 'logprobs-add':
          (logprobs ??= []).push(...event.tokens);
          break;
        case 'answer-end':
          finish = event.finish;
          break;
        case 'answer-fail':
          failure = event.failure;
          break;
        default:
          writeBlock(blocks, event);
      }
    },
    answer() {
      if (finish === undefined) return undefined;
      return defined({
        id: start?.id ?? '',
        model: start?.model ?? '',
        created: start?.created,
        parts: [...blocks.values()].map(closeBlock),
        finish,
        usage,
        logprobs,
      });
    },
    failure: () => failure,
  };
}

/** Folds a list of events that holds a complete answer. */
export function fold(events: Iterable<AnswerEvent>): Answer | undefined {
  const state = createFold();
  for (const event of events) state.write(event);
  return state.answer();
}

/** The events of a whole answer: the inverse of `fold`, up to the number of deltas. */
export function unfold(answer: Answer): readonly AnswerEvent[] {
  const events: AnswerEvent[] = [
    defined({ type: 'answer-start' as const, id: answer.id, model: answer.model, created: answer.created }),
  ];
  answer.parts.forEach((part, id) => events.push(...unfoldPart(part, id)));
  if (answer.logprobs !== undefined) events.push({ type: 'logprobs-add', tokens: answer.logprobs });
  if (answer.usage !== undefined) events.push({ type: 'usage-update', usage: answer.usage });
  events.push({ type: 'answer-end', finish: answer.finish });
  return events;
}

interface Block {
  /** The part without its text. */
  part: Part;
  pieces: string[];
  citations?: Citation[];
}

type BlockEvent = Exclude<
  AnswerEvent,
  { type: 'answer-start' | 'usage-update' | 'logprobs-add' | 'answer-end' | 'answer-fail' }
>;

function writeBlock(blocks: Map<number, Block>, event: BlockEvent): void {
  switch (event.type) {
    case 'text-start':
      blocks.set(event.id, {
        part: defined({ kind: 'text' as const, text: '', phase: event.phase }),
        pieces: [],
      });
      break;
    case 'reasoning-start':
      blocks.set(event.id, { part: { kind: 'reasoning', text: '' }, pieces: [] });
      break;
    case 'refusal-start':
      blocks.set(event.id, { part: { kind: 'refusal', text: '' }, pieces: [] });
      break;
    case 'tool-call-start':
      blocks.set(event.id, {
        part: defined({
          kind: 'tool-call' as const,
          id: event.callId,
          name: event.name,
          arguments: '',
          freeform: event.freeform,
        }),
        pieces: [],
      });
      break;
    case 'part-add':
      blocks.set(event.id, { part: event.part, pieces: [] });
      break;
    case 'citation-add': {
      const block = blocks.get(event.id);
      if (block !== undefined) (block.citations ??= []).push(event.citation);
      break;
    }
    case 'reasoning-end': {
      const block = blocks.get(event.id);
      if (block !== undefined && event.proof !== undefined && block.part.kind === 'reasoning') {
        block.part = { ...block.part, proof: event.proof };
      }
      break;
    }
    case 'text-delta':
    case 'reasoning-delta':
    case 'refusal-delta':
    case 'tool-call-delta':
      blocks.get(event.id)?.pieces.push(event.text);
      break;
    case 'text-end':
    case 'refusal-end':
    case 'tool-call-end':
      break;
  }
}

function closeBlock(block: Block): Part {
  const text = block.pieces.join('');
  const { part } = block;
  if (part.kind === 'tool-call') return { ...part, arguments: text };
  if (part.kind === 'text') return defined({ ...part, text, citations: block.citations });
  return part.kind === 'reasoning' || part.kind === 'refusal' ? { ...part, text } : part;
}

function unfoldPart(part: Part, id: number): AnswerEvent[] {
  switch (part.kind) {
    case 'text':
      return [
        defined({ type: 'text-start' as const, id, phase: part.phase }),
        ...(part.text === '' ? [] : [{ type: 'text-delta', id, text: part.text } as const]),
        ...(part.citations ?? []).map((citation) => ({ type: 'citation-add', id, citation }) as const),
        { type: 'text-end', id },
      ];
    case 'reasoning':
      return [
        { type: 'reasoning-start', id },
        ...(part.text === '' ? [] : [{ type: 'reasoning-delta', id, text: part.text } as const]),
        defined({ type: 'reasoning-end' as const, id, proof: part.proof }),
      ];
    case 'refusal':
      return [
        { type: 'refusal-start', id },
        ...(part.text === '' ? [] : [{ type: 'refusal-delta', id, text: part.text } as const]),
        { type: 'refusal-end', id },
      ];
    case 'tool-call':
      return [
        defined({
          type: 'tool-call-start' as const,
          id,
          callId: part.id,
          name: part.name,
          freeform: part.freeform,
        }),
        ...(part.arguments === '' ? [] : [{ type: 'tool-call-delta', id, text: part.arguments } as const]),
        { type: 'tool-call-end', id },
      ];
    default:
      return [{ type: 'part-add', id, part }];
  }
}
