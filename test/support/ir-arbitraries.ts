// Random requests and answers of the hub, inside what a wire claims to express: the input of the laws.
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Answer } from '../../src/ir/events.ts';
import type { Message } from '../../src/ir/message.ts';
import type { Part, Phase, ReasoningPart, TextPart, ToolCallPart } from '../../src/ir/parts.ts';
import type { ModelRequest } from '../../src/ir/request.ts';
import type { FunctionTool, Tool, ToolChoice } from '../../src/ir/tools.ts';
import { defined } from '../../src/lib/json.ts';
import type { ModelRules } from '../../src/protocols/protocol.ts';
import type { WireName } from './translation.ts';
import { traits, type Means } from './wire-traits.ts';

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
  geminiThinking: 'level',
  geminiBudgets: [0, 24_576],
  callSignatures: false,
  mixedTools: true,
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

/** What a user says, or a tool answers, of at most so many parts. */
function content(means: Means, most: number): Arbitrary<readonly Part[]> {
  const picture = fc
    .tuple(base64, fc.constantFrom(...means.imageTypes))
    .map(([data, mediaType]): Part => ({ kind: 'image', source: { kind: 'data', mediaType, data } }));
  if (means.content === 'picture-first') {
    return fc
      .tuple(fc.array(picture, { maxLength: most - 1 }), text)
      .map(([pictures, last]) => [...pictures, last]);
  }
  // Marks that live longer must come first, and at most four may stand: one kind of mark, rarely, keeps the law simple.
  const { marks } = means;
  const marked = marks
    ? maybe(maybe(fc.constantFrom(...marks)).map((ttl) => defined({ ttl })))
    : fc.constant(undefined);
  const kinds: Arbitrary<Part>[] = [
    fc.tuple(text, marked).map(([part, cache]) => defined({ ...part, cache })),
    picture,
  ];
  if (means.imageUrls)
    kinds.push(fc.webUrl().map((url): Part => ({ kind: 'image', source: { kind: 'url', url } })));
  if (means.files) {
    kinds.push(
      fc.tuple(base64, name).map(([data, title]): Part => ({
        kind: 'file',
        source: { kind: 'data', mediaType: 'application/pdf', data },
        name: `${title}.pdf`,
      })),
    );
  }
  return fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: most });
}

function reasoning(wire: WireName): Arbitrary<ReasoningPart> {
  const { proofs } = traits[wire].means;
  return fc.tuple(words, base64).map(([value, proof]): ReasoningPart => {
    if (proofs === 'none') return { kind: 'reasoning', text: value };
    const signature = `s${proof}`;
    if (proofs === 'redacted')
      return { kind: 'reasoning', text: value, proof: { wire, form: 'redacted', data: signature } };
    const detail = { type: 'reasoning.text', text: value, signature, format: 'x', index: 0 };
    const data = proofs === 'detail' ? JSON.stringify(detail) : signature;
    return { kind: 'reasoning', text: value, proof: { wire, form: 'signature', data } };
  });
}

interface Turn {
  readonly messages: readonly Message[];
  readonly names: readonly string[];
}

function turn(wire: WireName, means: Means, index: number): Arbitrary<Turn> {
  const user = content(means, 3).map((parts): Message => ({ role: 'user', parts }));
  const result = means.results === 'parts' ? content(means, 2) : text.map((part) => [part]);
  const call = fc.tuple(calls(means), fc.record({ result, failed: fc.boolean() }));
  return fc
    .record({
      user,
      thought: maybe(reasoning(wire)),
      said: spoken(means, 'commentary'),
      made: fc.array(call, { maxLength: 3 }),
      close: spoken(means, 'final_answer'),
    })
    .map(({ user, thought, said, made: drawn, close }) => {
      const made = drawn.map(([one], i) => ({ ...one, id: `call_${index}_${i}` }));
      const assistant: Message = { role: 'assistant', parts: [...(thought ? [thought] : []), said, ...made] };
      if (made.length === 0) return { messages: [user, assistant], names: [] };
      const results = drawn.map(([, { result, failed }], i): Part =>
        defined({
          kind: 'tool-result' as const,
          id: `call_${index}_${i}`,
          parts: result,
          failed: failed && means.failedResults ? true : undefined,
        }),
      );
      const answered: Message = { role: 'tool', parts: results };
      return {
        messages: [user, assistant, answered, { role: 'assistant', parts: [close] }],
        names: made.map((one) => one.name),
      };
    });
}

/** A call without its id; its input is plain text where the wire has such tools. */
function calls(means: Means): Arbitrary<ToolCallPart> {
  const plain = fc.record({ name, arguments: json });
  const drawn: Arbitrary<Pick<ToolCallPart, 'name' | 'arguments' | 'freeform'>> = means.freeform
    ? fc.oneof(plain, fc.record({ name, arguments: words, freeform: fc.constant(true as const) }))
    : plain;
  return drawn.map((one): ToolCallPart => ({ kind: 'tool-call', id: '', ...one }));
}

/** What the assistant says, with its phase where the wire has a word for it. */
function spoken(means: Means, phase: Phase): Arbitrary<TextPart> {
  if (!means.phases) return text;
  return fc.tuple(text, fc.boolean()).map(([part, told]) => (told ? { ...part, phase } : part));
}

function tools(means: Means, names: readonly string[]): Arbitrary<readonly Tool[]> {
  const described = fc.record({
    description: maybe(words),
    strict: maybe(fc.boolean()),
    extra: fc.boolean(),
  });
  return fc.array(described, { minLength: names.length, maxLength: names.length }).map((all) =>
    names.map((tool, i): Tool => {
      const { description, strict, extra } = all[i]!;
      if (means.freeform && extra) {
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
        strict: means.strict === 'both' || (means.strict === 'true' && strict) ? strict : undefined,
      }) as FunctionTool;
    }),
  );
}

/** Requests that the wire can express without any loss, and that need not be refused for `upstream`. */
export function requests(wire: WireName, upstream: WireName = wire): Arbitrary<ModelRequest> {
  const { means: own } = traits[wire];
  const { imageUrls, files } = traits[upstream].means;
  const means = { ...own, imageUrls: own.imageUrls && imageUrls, files: own.files && files };
  const conversation = fc.tuple(turn(wire, means, 0), turn(wire, means, 1), content(means, 2));
  const unit = fc.integer({ min: 0, max: 10 }).map((tenth) => tenth / 10);
  const base = fc.record({
    stream: fc.boolean(),
    system: maybe(fc.array(text, { minLength: 1, maxLength: means.systemParts })),
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
    extension: maybe(fc.tuple(fc.constantFrom('vendor_field', ...means.extensions), words)),
    choice: fc.integer({ min: 0, max: 4 }),
  });
  return base.chain((draw) => {
    const [first, second, last] = draw.conversation;
    const names = [...new Set([...first.names, ...second.names, 'other'])];
    return tools(means, names).map((offered): ModelRequest => {
      const thinks = means.thinksAlone && draw.effort !== undefined;
      const format = { kind: 'schema' as const, schema: offeredSchema, ...means.format };
      const system: Message[] = draw.system ? [{ role: means.systemRole, parts: draw.system }] : [];
      return defined({
        model: 'm',
        stream: draw.stream,
        messages: [...system, ...first.messages, ...second.messages, { role: 'user' as const, parts: last }],
        tools: offered,
        toolChoice: pickChoice(draw.choice, names, means, thinks),
        parallelTools:
          draw.choice >= 2 &&
          (means.parallel === 'both' || (means.parallel === 'false' && draw.parallel === false))
            ? draw.parallel
            : undefined,
        sampling: thinks
          ? {}
          : defined({
              temperature: draw.temperature,
              topP: draw.topP,
              seed: means.seed ? draw.seed : undefined,
              topK: means.topK ? draw.seed : undefined,
            }),
        output: defined({
          maxTokens: draw.maxTokens,
          stop: means.stop ? draw.stop : undefined,
          format: draw.schema ? format : undefined,
        }),
        reasoning: draw.effort === undefined ? undefined : means.reasoning(draw.effort),
        cache: { automatic: means.automaticCache },
        user: means.user ? draw.user : undefined,
        extensions:
          draw.extension === undefined ? undefined : { [wire]: { [draw.extension[0]]: draw.extension[1] } },
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
  { choices }: Means,
  thinks: boolean,
): ToolChoice | undefined {
  const kind = draw === 0 ? undefined : choices[draw - 1];
  if (kind === undefined || kind === 'none') return kind && { kind };
  if (kind === 'auto' || thinks) return { kind: 'auto' };
  if (kind === 'tool') return { kind, name: names[0]! };
  return kind === 'allowed' ? { kind, names: names.slice(0, 1), required: true } : { kind };
}

/** Whole answers that the wire can express without any loss, proofs of other issuers included. */
export function answers(wire: WireName): Arbitrary<Answer> {
  const { means } = traits[wire];
  const { answers: says } = means;
  const proof = fc.record({
    wire: fc.constantFrom('anthropic-messages', 'gemini'),
    issuer: fc.constant('example'),
    form: fc.constant('signature' as const),
    data: base64.map((data) => `p${data}`),
  });
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
      thought: maybe(fc.tuple(words, says.proofs ? maybe(proof) : fc.constant(undefined))),
      said: spoken(means, 'commentary'),
      made: fc.array(calls(means), { maxLength: 3 }),
      cut: fc.constantFrom(...says.finishes),
      usage,
    })
    .map(({ id, created, thought, said, made, cut, usage }) => {
      const parts: Part[] = [];
      if (thought) parts.push(defined({ kind: 'reasoning' as const, text: thought[0], proof: thought[1] }));
      parts.push(said);
      made.forEach((one, i) => parts.push({ ...one, id: `call_${i}` }));
      return defined({
        id: says.id === undefined ? '' : says.id + id,
        model: 'm-1',
        created: says.created ? created : undefined,
        parts,
        finish: { reason: made.length > 0 && cut === 'stop' ? ('tool-calls' as const) : cut },
        usage: {
          input: usage.fresh + usage.read + usage.write,
          output: usage.output + usage.thought,
          ...(says.details && {
            cacheRead: usage.read,
            ...(says.cacheWrites !== false && { cacheWrite: usage.write }),
            reasoning: usage.thought,
          }),
        },
      });
    });
}
