// One request in a client's dialect → one upstream of another dialect, and its answer back. The only place that knows
// two wires at once, and it knows neither: both are codecs around the hub.
import { GatewayError, type UpstreamFailure } from '../errors.ts';
import { changeRequest, type ChangeRules, type RequestChanges } from '../ir/changes.ts';
import type { AnswerEvent } from '../ir/events.ts';
import { brokenAnswer } from '../ir/failure.ts';
import { createFold } from '../ir/fold.ts';
import { createLossReport } from '../ir/loss.ts';
import type { Loss } from '../ir/loss.ts';
import type { Proof } from '../ir/proof.ts';
import { repairRequest } from '../ir/repair.ts';
import type { ModelRequest } from '../ir/request.ts';
import { createRewriter } from '../ir/rewrite.ts';
import { mergeUsage } from '../ir/usage.ts';
import type { Usage } from '../ir/usage.ts';
import { concatBytes, encodeUtf8, utf8 } from '../lib/bytes.ts';
import { isObject, parseJson } from '../lib/json.ts';
import { findRules } from './model-rules.ts';
import type {
  AnswerPipe,
  AnswerPlan,
  ClientPlan,
  Codec,
  EncodeContext,
  ModelRules,
  PipeStep,
  Protocol,
  RequestPeek,
} from './protocol.ts';
import { suffixEdits } from './suffixes.ts';

/** A request, decoded once for all attempts. */
export interface ClientRequest {
  readonly protocol: Protocol;
  readonly request: ModelRequest;
  readonly client: ClientPlan;
  readonly inputTokens: number;
  /** What already the way into the hub could not keep. */
  readonly loss: readonly Loss[];
}

/** Parses and decodes a body that was peeked at before. Throws GatewayError 400 naming the field. */
export function readRequest(protocol: Protocol, body: Uint8Array, peek: RequestPeek): ClientRequest {
  const value = parseJson(utf8(body));
  if (!isObject(value)) throw new GatewayError('invalid_json', 'The body is not one JSON object.');
  const loss = createLossReport();
  const { request, client } = codecOf(protocol).decodeRequest(value, loss, peek);
  const repaired = repairRequest(request, loss);
  return { protocol, request: repaired, client, inputTokens: peek.inputTokens, loss: loss.entries };
}

export interface TranslationOptions {
  readonly request: ClientRequest;
  readonly upstream: Protocol;
  /** The model id that the upstream expects. */
  readonly model: string;
  /** Provider id: reasoning proofs return to their issuer only. */
  readonly issuer: string;
  /** Answer tokens that the model can give at most. */
  readonly maxOutput?: number | undefined;
  /** Context window that the configuration gives the model. */
  readonly contextWindow?: number | undefined;
  /** API version that the call names (`anthropic-version`). */
  readonly version?: string | undefined;
  /** Named deviations of the host. */
  readonly quirks?: readonly string[] | undefined;
  /** `[1m]` and `-thinking` of the client's model name. */
  readonly suffixes?: readonly string[] | undefined;
  /** What the operator's rules change. */
  readonly changes?: RequestChanges | undefined;
  /** Stream or whole answer, where it differs from the body's own word (an Accept header asked). */
  readonly stream?: boolean | undefined;
  /** Proofs by the calls that they came with; absent where nothing may be kept. */
  readonly proofs?: CallProofs | undefined;
  newId(prefix: string): string;
  /** Epoch milliseconds. */
  now(): number;
}

/** Keeps what clients of other dialects have no place for. */
export interface CallProofs {
  keep(callId: string, proof: Proof): void;
  find(callId: string): Proof | undefined;
}

export interface Translation {
  readonly body: readonly Uint8Array[];
  readonly path: string;
  /** Headers that the translated request needs beside the endpoint's own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Grows while the answer is written. */
  readonly loss: readonly Loss[];
  /** The body as it may be sent once more after this failure; undefined when there is no other way to write it. */
  repair(failure: UpstreamFailure): readonly Uint8Array[] | undefined;
  /** Upstream bytes → client bytes. `stream`: what the upstream sends; the client gets what it asked for. */
  pipe(options: { readonly stream: boolean }): AnswerPipe;
}

/** Throws GatewayError `unsupported_feature` when this upstream cannot give what is asked. */
export function createTranslation(options: TranslationOptions): Translation {
  const { request: source, upstream, model, issuer } = options;
  const loss = createLossReport();
  for (const { path, reason } of source.loss) loss.add(path, reason);
  const stream = options.stream ?? source.client.stream;
  const rules = findRules(model, options.quirks);
  const edits = suffixEdits(options.suffixes ?? [], upstream.name, source.request.reasoning !== undefined);
  const asked: ModelRequest = { ...source.request, ...edits.request, stream };
  const { changes } = options;
  const wanted = changes ? changeRequest(asked, changes, changeRules(rules)) : asked;
  // A budget of ours may raise the limit of the answer, but not above what the model can give.
  const likely = changes?.thinking ? Math.max(rules.maxOutput, asked.output.maxTokens ?? 0) : Infinity;
  const maxOutput = Math.min(options.maxOutput ?? likely, changes?.maxOutputTokens ?? Infinity);
  const target = {
    model,
    issuer,
    rules,
    ...(maxOutput !== Infinity && { maxOutput }),
    ...(options.contextWindow !== undefined && { contextWindow: options.contextWindow }),
    ...(options.version !== undefined && { version: options.version }),
    ...(options.proofs && { recall: options.proofs.find }),
  };
  const encoded = codecOf(upstream).encodeRequest(wanted, target, loss);
  const context: EncodeContext = {
    client: { ...source.client, stream },
    model,
    issuer,
    created: Math.floor(options.now() / 1000),
    began: options.now(),
    now: options.now,
    inputTokens: source.inputTokens,
    newId: options.newId,
    loss,
  };
  const { signsCalls, repairRequest: respell } = codecOf(upstream);
  return {
    body: [encodeUtf8(JSON.stringify(encoded.body))],
    repair(failure) {
      const body = respell?.(encoded.body, failure);
      return body && [encodeUtf8(JSON.stringify(body))];
    },
    path: upstream.peek.path(model, stream),
    headers: { ...encoded.headers, ...edits.headers },
    loss: loss.entries,
    pipe: ({ stream: streamed }) =>
      createPipe({
        from: codecOf(upstream),
        to: codecOf(source.protocol),
        plan: encoded.plan,
        context,
        streamed,
        proofs: signsCalls ? options.proofs : undefined,
      }),
  };
}

/** What changes of a request depend on. */
export function changeRules({ sampling, thinking, efforts, thinkingSwitch }: ModelRules): ChangeRules {
  return { sampling, reasons: thinking !== 'none' || efforts.length > 0 || thinkingSwitch };
}

const nothing: PipeStep = { output: [], meaningful: false };

/** A whole answer must be held to be translated; images inside it are a few MB each. */
const largestAnswer = 64 * 1024 * 1024;

interface PipeParts {
  readonly from: Codec;
  readonly to: Codec;
  readonly plan: AnswerPlan;
  readonly context: EncodeContext;
  readonly streamed: boolean;
  readonly proofs: CallProofs | undefined;
}

function createPipe({ from, to, plan, context, streamed, proofs }: PipeParts): AnswerPipe {
  const { stream } = context.client;
  const encoder = stream ? to.createAnswerEncoder(context) : undefined;
  const fold = stream ? undefined : createFold();
  const write = (event: AnswerEvent): void => (encoder ? encoder.write(event) : fold!.write(event));
  const rewrite = createRewriter(plan, write);
  const chunks: Uint8Array[] = [];
  let held = 0;
  let usage: Usage | undefined;
  let characters = 0;
  let meaningful = false;
  let ended = false;
  let failure: PipeStep['failure'];
  /** The proof that stands right before what comes next. */
  let proof: Proof | undefined;

  const decoder = streamed ? from.createAnswerDecoder(context, receive) : undefined;

  function receive(event: AnswerEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'tool-call-delta':
      case 'refusal-delta':
        characters += event.text.length;
        meaningful = true;
        break;
      case 'tool-call-start':
        if (proof !== undefined) proofs?.keep(event.callId, proof);
        proof = undefined;
        meaningful = true;
        break;
      case 'part-add':
        proof = undefined;
        meaningful = true;
        break;
      case 'text-start':
        proof = undefined;
        break;
      case 'reasoning-end':
        ({ proof } = event);
        break;
      case 'usage-update':
        usage = mergeUsage(usage, event.usage);
        break;
      case 'answer-end':
        meaningful = true;
        ended = true;
        break;
      case 'answer-fail':
        failure = event.failure;
        break;
      default:
        break;
    }
    rewrite(event);
  }

  function step(): PipeStep {
    const written = encoder?.take() ?? '';
    const output = written === '' ? nothing.output : [written];
    return failure === undefined ? { output, meaningful } : { output, meaningful, failure };
  }

  return {
    push(chunk) {
      if (ended || failure !== undefined) return nothing;
      if (decoder === undefined) {
        chunks.push(chunk);
        held += chunk.length;
        if (held > largestAnswer) failure = brokenAnswer('The upstream sent an answer that is too large.');
        return failure === undefined ? nothing : { ...nothing, failure };
      }
      decoder.push(chunk);
      return step();
    },
    end() {
      if (failure !== undefined) return nothing;
      if (decoder === undefined) from.decodeAnswer(parseJson(utf8(concatBytes(chunks))), context, receive);
      else if (!ended) decoder.end();
      const { output, ...rest } = step();
      if (fold === undefined || failure !== undefined) return { ...rest, output };
      const answer = fold.answer();
      if (answer === undefined)
        return { ...nothing, failure: brokenAnswer('The upstream did not finish its answer.') };
      return { ...rest, output: [to.encodeAnswer(answer, context)] };
    },
    usage: () => usage,
    outputCharacters: () => characters,
  };
}

function codecOf(protocol: Protocol): Codec {
  if (protocol.codec !== undefined) return protocol.codec;
  throw new GatewayError('unsupported_feature', `This build cannot translate ${protocol.name}.`);
}
