// Random requests and answers of the hub, inside what a wire claims to express: the input of the laws.
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Answer, FinishReason } from '../../src/ir/events.ts';
import type { Message } from '../../src/ir/message.ts';
import type { Part, ReasoningPart, TextPart, ToolCallPart } from '../../src/ir/parts.ts';
import type { ModelRequest } from '../../src/ir/request.ts';
import type { FunctionTool, Tool, ToolChoice } from '../../src/ir/tools.ts';
import { defined } from '../../src/lib/json.ts';
import type { ModelRules } from '../../src/protocols/protocol.ts';
import type { WireName } from './translation.ts';

/** A model that takes everything its wire can say: the laws are about wires, not about models. */
export const permissive: ModelRules = {
  sampling: 'free',
  prefill: true,
  midSystem: true,
  efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
  thinking: 'adaptive',
  nativeSchema: true,
  stop: true,
  maxTokensField: 'max_completion_tokens',
  systemRole: 'developer',
  contentLists: true,
  reasoningHistory: 'none',
  cacheMarks: true,
  webSearch: true,
  hostedSearch: true,
  userField: 'safety_identifier',
  ollamaThinking: 'levels',
  streamOptions: true,
  chatSchema: true,
  chatMetadata: true,
  thinkingSwitch: false,
  maxOutput: 8192,
};

/** Visible text with everything that escapes, splits and trims go wrong on. */
export const words: Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'Zw', ' ', '\n', '"', '\\', 'é', '😀', '\u2028', '{', '```', 'data:', '0'), {
    maxLength: 12,
  })
  .map((pieces) => `x${pieces.join('')}y`);

const name = fc.stringMatching(/^[a-z][\w-]{0,20}$/);
const base64 = fc
  .stringMatching(/^[A-Za-z0-9+/]{4,12}$/)
  .map((text) => text.slice(0, text.length - (text.length % 4)));
const json = fc
  .dictionary(name, fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null)))
  .map((value) => JSON.stringify(value));

function maybe<Value>(value: Arbitrary<Value>): Arbitrary<Value | undefined> {
  return fc.option(value, { nil: undefined, freq: 2 });
}

const text: Arbitrary<TextPart> = words.map((value) => ({ kind: 'text', text: value }));

function userPart(wire: WireName): Arbitrary<Part> {
  const isChat = wire === 'openai-chat';
  const ttl = isChat
    ? fc.constantFrom('30m' as const, '12h' as const)
    : fc.constantFrom('5m' as const, '1h' as const);
  const cache = maybe(maybe(ttl).map((value) => defined({ ttl: value })));
  // Marks that live longer must come first, and at most four may stand: one kind of mark, rarely, keeps the law simple.
  const marked = isChat ? cache : fc.constant(undefined);
  return fc.oneof(
    fc.tuple(text, marked).map(([part, mark]) => defined({ ...part, cache: mark })),
    fc
      .tuple(base64, fc.constantFrom('image/png', 'image/jpeg'))
      .map(([data, mediaType]): Part => ({ kind: 'image', source: { kind: 'data', mediaType, data } })),
    fc.webUrl().map((url): Part => ({ kind: 'image', source: { kind: 'url', url } })),
    fc.tuple(base64, name).map(([data, title]): Part => ({
      kind: 'file',
      source: { kind: 'data', mediaType: 'application/pdf', data },
      name: `${title}.pdf`,
    })),
  );
}

function reasoning(wire: WireName): Arbitrary<ReasoningPart> {
  return fc.tuple(words, base64).map(([value, proof]) => {
    const signature = `s${proof}`;
    const detail = { type: 'reasoning.text', text: value, signature, format: 'x', index: 0 };
    const data = wire === 'openai-chat' ? JSON.stringify(detail) : signature;
    return { kind: 'reasoning', text: value, proof: { wire, form: 'signature', data } };
  });
}

interface Turn {
  readonly messages: readonly Message[];
  readonly names: readonly string[];
}

function turn(wire: WireName, index: number): Arbitrary<Turn> {
  const user = fc
    .array(userPart(wire), { minLength: 1, maxLength: 3 })
    .map((parts): Message => ({ role: 'user', parts }));
  const result =
    wire === 'openai-chat'
      ? fc.array(text, { minLength: 1, maxLength: 1 })
      : fc.array(userPart(wire), { minLength: 1, maxLength: 2 });
  const call = fc.record({ tool: name, args: json, result, failed: fc.boolean() });
  return fc
    .record({
      user,
      thought: maybe(reasoning(wire)),
      said: text,
      calls: fc.array(call, { maxLength: 3 }),
      close: text,
    })
    .map(({ user, thought, said, calls, close }) => {
      const made = calls.map(({ tool, args }, i): ToolCallPart => ({
        kind: 'tool-call',
        id: `call_${index}_${i}`,
        name: tool,
        arguments: args,
      }));
      const assistant: Message = { role: 'assistant', parts: [...(thought ? [thought] : []), said, ...made] };
      if (calls.length === 0) return { messages: [user, assistant], names: [] };
      const results = calls.map(({ result, failed }, i): Part =>
        defined({
          kind: 'tool-result' as const,
          id: `call_${index}_${i}`,
          parts: result,
          failed: failed && wire !== 'openai-chat' ? true : undefined,
        }),
      );
      const answered: Message = { role: 'tool', parts: results };
      return {
        messages: [user, assistant, answered, { role: 'assistant', parts: [close] }],
        names: calls.map(({ tool }) => tool),
      };
    });
}

function tools(wire: WireName, names: readonly string[]): Arbitrary<readonly Tool[]> {
  const described = fc.record({
    description: maybe(words),
    strict: maybe(fc.boolean()),
    extra: fc.boolean(),
  });
  return fc.array(described, { minLength: names.length, maxLength: names.length }).map((all) =>
    names.map((tool, i): Tool => {
      const { description, strict, extra } = all[i]!;
      if (wire === 'openai-chat' && extra) {
        return defined({
          kind: 'freeform' as const,
          name: tool,
          description,
          grammar: { syntax: 'lark', definition: 'start: "x"' },
        });
      }
      const parameters = {
        type: 'object',
        properties: { a: { type: 'string' } },
        required: ['a'],
        additionalProperties: false,
      };
      return defined({
        kind: 'function' as const,
        name: tool,
        description,
        parameters,
        strict,
      }) as FunctionTool;
    }),
  );
}

/** Requests that the wire can express without any loss. */
export function requests(wire: WireName): Arbitrary<ModelRequest> {
  const isChat = wire === 'openai-chat';
  const conversation = fc.tuple(
    turn(wire, 0),
    turn(wire, 1),
    fc.array(userPart(wire), { minLength: 1, maxLength: 2 }),
  );
  const unit = fc.integer({ min: 0, max: 10 }).map((tenth) => tenth / 10);
  const base = fc.record({
    stream: fc.boolean(),
    system: maybe(fc.array(text, { minLength: 1, maxLength: 3 })),
    conversation,
    maxTokens: fc.integer({ min: 2000, max: 8000 }),
    stop: maybe(fc.uniqueArray(words, { minLength: 1, maxLength: 4 })),
    temperature: maybe(unit),
    topP: maybe(unit),
    seed: maybe(fc.integer()),
    effort: maybe(fc.constantFrom('low' as const, 'medium' as const, 'high' as const)),
    user: maybe(name),
    schema: fc.boolean(),
    parallel: maybe(fc.boolean()),
    extension: maybe(words),
    choice: fc.integer({ min: 0, max: 4 }),
  });
  return base.chain((draw) => {
    const [first, second, last] = draw.conversation;
    const names = [...new Set([...first.names, ...second.names, 'other'])];
    return tools(wire, names).map((offered): ModelRequest => {
      const thinks = !isChat && draw.effort !== undefined;
      const format = {
        kind: 'schema' as const,
        schema: offeredSchema,
        strict: true,
        ...(isChat && { name: 'answer' }),
      };
      const system: Message[] = draw.system
        ? [{ role: isChat ? 'developer' : 'system', parts: draw.system }]
        : [];
      return defined({
        model: 'm',
        stream: draw.stream,
        messages: [...system, ...first.messages, ...second.messages, { role: 'user' as const, parts: last }],
        tools: offered,
        toolChoice: pickChoice(draw.choice, names, isChat, thinks),
        // Messages only has a word for the exception.
        parallelTools: draw.choice >= 2 && (isChat || draw.parallel === false) ? draw.parallel : undefined,
        sampling: thinks
          ? {}
          : defined({
              temperature: draw.temperature,
              topP: draw.topP,
              seed: isChat ? draw.seed : undefined,
              topK: isChat ? undefined : draw.seed,
            }),
        output: defined({
          maxTokens: draw.maxTokens,
          stop: draw.stop,
          format: draw.schema ? format : undefined,
        }),
        reasoning:
          draw.effort === undefined
            ? undefined
            : isChat
              ? { effort: draw.effort }
              : { mode: 'adaptive' as const, effort: draw.effort, display: 'summarized' as const },
        cache: { automatic: isChat },
        user: draw.user,
        extensions: draw.extension === undefined ? undefined : { [wire]: { vendor_field: draw.extension } },
      });
    });
  });
}

const offeredSchema = {
  type: 'object',
  properties: { b: { type: 'integer' } },
  required: ['b'],
  additionalProperties: false,
};

function pickChoice(
  draw: number,
  names: readonly string[],
  isChat: boolean,
  thinks: boolean,
): ToolChoice | undefined {
  if (draw === 0) return undefined;
  if (draw === 1) return { kind: 'none' };
  if (draw === 2 || thinks) return { kind: 'auto' };
  if (draw === 3) return { kind: 'tool', name: names[0]! };
  return isChat ? { kind: 'allowed', names: names.slice(0, 1), required: true } : { kind: 'required' };
}

/** Whole answers that the wire can express without any loss, proofs of other issuers included. */
export function answers(wire: WireName): Arbitrary<Answer> {
  const isChat = wire === 'openai-chat';
  const proof = fc.record({
    wire: fc.constantFrom('anthropic-messages', 'gemini'),
    issuer: fc.constant('example'),
    form: fc.constant('signature' as const),
    data: base64.map((data) => `p${data}`),
  });
  const call = fc.record({ tool: name, args: json });
  const usage = fc.record({
    fresh: fc.nat(999),
    read: fc.nat(99),
    write: fc.nat(99),
    output: fc.nat(999),
    thought: fc.nat(50),
  });
  return fc
    .record({
      id: name,
      created: fc.integer({ min: 1, max: 2_000_000_000 }),
      thought: maybe(fc.tuple(words, maybe(proof))),
      said: words,
      calls: fc.array(call, { maxLength: 3 }),
      cut: fc.constantFrom<FinishReason>('stop', 'length', 'refusal'),
      usage,
    })
    .map(({ id, created, thought, said, calls, cut, usage }) => {
      const parts: Part[] = [];
      if (thought) parts.push(defined({ kind: 'reasoning' as const, text: thought[0], proof: thought[1] }));
      parts.push({ kind: 'text', text: said });
      calls.forEach(({ tool, args }, i) =>
        parts.push({ kind: 'tool-call', id: `call_${i}`, name: tool, arguments: args }),
      );
      return defined({
        id: isChat ? `chatcmpl-${id}` : `msg_${id}`,
        model: 'm-1',
        created: isChat ? created : undefined,
        parts,
        finish: { reason: calls.length > 0 && cut === 'stop' ? ('tool-calls' as const) : cut },
        usage: {
          input: usage.fresh + usage.read + usage.write,
          output: usage.output + usage.thought,
          cacheRead: usage.read,
          cacheWrite: usage.write,
          reasoning: usage.thought,
        },
      });
    });
}
