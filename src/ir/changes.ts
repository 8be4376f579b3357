// What rules of the operator change in a request before it leaves: texts for the system message, reasoning effort, and
// bounds of what the client may ask for. Here on the hub; each wire does the same to its own JSON in `changes.ts`.
import { countLeadingSystem, isSystem, type Message } from './message.ts';
import type { Effort, Reasoning } from './options.ts';
import type { Part } from './parts.ts';
import type { ModelRequest } from './request.ts';

export interface SystemPromptChange {
  readonly text: string;
  readonly position: 'prepend' | 'append' | 'replace';
}

export interface ThinkingChange {
  readonly mode: 'auto' | 'custom' | 'adaptive';
  /** Reasoning tokens for `custom`; 0 switches reasoning off. */
  readonly budget: number;
  /** The base for `adaptive`. */
  readonly effort: 'none' | 'low' | 'medium' | 'high';
}

/** Structurally the `RequestChanges` of routing's policies. */
export interface RequestChanges {
  readonly maxOutputTokens?: number;
  readonly temperature?: { readonly min: number; readonly max: number };
  /** Each is applied to what the ones before it left. */
  readonly systemPrompts: readonly SystemPromptChange[];
  readonly thinking?: ThinkingChange;
}

/** What makes a request worth more thinking. */
export interface Weight {
  readonly messages: number;
  readonly tools: number;
  /** Characters of the last user message. */
  readonly lastUser: number;
}

/** What a model takes, as far as changes depend on it. */
export interface ChangeRules {
  /** It reasons on request. */
  readonly reasons: boolean;
  /** `one`: temperature or top_p, not both. `none`: only the defaults. */
  readonly sampling: 'free' | 'one' | 'none';
}

const most = 131_072;

/** Tokens for the efforts that a configuration may name. */
const bases = { none: 0, low: 1024, medium: 10_240, high: most } as const;

/** Reasoning tokens of a change other than `auto`; 0 switches reasoning off. */
export function budgetOf({ mode, budget, effort }: ThinkingChange, weigh: () => Weight): number {
  if (mode !== 'adaptive') return Math.min(budget, most);
  const { messages, tools, lastUser } = weigh();
  const factor = 1 + (messages > 10 ? 0.5 : 0) + (tools > 3 ? 0.5 : 0) + (lastUser > 2000 ? 0.3 : 0);
  return Math.min(Math.round(bases[effort] * factor), most);
}

/** The effort for models that take no number. */
export function effortOfChange(budget: number): Effort {
  if (budget <= 0) return 'none';
  return budget <= bases.low ? 'low' : budget <= bases.medium ? 'medium' : 'high';
}

/** Two texts of instructions as one. */
export function joinTexts(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first}\n\n${second}`;
}

/** The temperature to send: the client's inside the bounds; where it says nothing, a bound only if the usual 1 is outside. */
export function boundTemperature(
  given: number | undefined,
  bounds: { readonly min: number; readonly max: number },
  { sampling }: ChangeRules,
  hasTopP: boolean,
): number | undefined {
  if (sampling === 'none') return given;
  const bounded = Math.min(bounds.max, Math.max(bounds.min, given ?? 1));
  if (given !== undefined) return bounded;
  return bounded === 1 || (sampling === 'one' && hasTopP) ? undefined : bounded;
}

/** The request as it goes to one model. */
export function changeRequest(
  request: ModelRequest,
  changes: RequestChanges,
  rules: ChangeRules,
): ModelRequest {
  const { maxOutputTokens: cap, temperature: bounds, systemPrompts, thinking } = changes;
  const { temperature: given, ...sampling } = request.sampling;
  const temperature = bounds ? boundTemperature(given, bounds, rules, sampling.topP !== undefined) : given;
  const { reasoning, ...rest } = request;
  const thought = thinking ? changeReasoning(reasoning, thinking, request, rules) : reasoning;
  return {
    ...rest,
    messages: systemPrompts.reduce(changeSystem, request.messages),
    sampling: temperature === undefined ? sampling : { ...sampling, temperature },
    output:
      cap === undefined
        ? request.output
        : { ...request.output, maxTokens: Math.min(request.output.maxTokens ?? cap, cap) },
    ...(thought && { reasoning: thought }),
  };
}

function changeReasoning(
  reasoning: Reasoning | undefined,
  change: ThinkingChange,
  request: ModelRequest,
  { reasons }: ChangeRules,
): Reasoning | undefined {
  if (change.mode === 'auto') return undefined;
  if (!reasons && reasoning === undefined) return undefined;
  const budget = budgetOf(change, () => weigh(request));
  const effort = effortOfChange(budget);
  if (budget <= 0) return { mode: 'disabled', effort };
  const display = reasoning?.display;
  return { mode: 'enabled', effort, budget, ...(display && { display }) };
}

function weigh({ messages, tools }: ModelRequest): Weight {
  const last = messages.findLast(({ role }) => role === 'user');
  const lastUser = last?.parts.reduce((sum, part) => sum + (part.kind === 'text' ? part.text.length : 0), 0);
  return {
    messages: messages.filter((message) => !isSystem(message)).length,
    tools: tools.length,
    lastUser: lastUser ?? 0,
  };
}

function changeSystem(
  messages: readonly Message[],
  { text, position }: SystemPromptChange,
): readonly Message[] {
  const fresh: Message = { role: 'system', parts: [{ kind: 'text', text }] };
  // A system message in the middle is the client's as well: nothing of it may survive.
  if (position === 'replace') return [fresh, ...messages.filter((message) => !isSystem(message))];
  const leading = countLeadingSystem(messages);
  if (leading === 0) return [fresh, ...messages];
  const index = position === 'prepend' ? 0 : leading - 1;
  return messages.map((message, at) =>
    at === index ? { ...message, parts: addText(message.parts, text, position) } : message,
  );
}

function addText(parts: readonly Part[], text: string, position: 'prepend' | 'append'): readonly Part[] {
  const at = position === 'prepend' ? 0 : parts.length - 1;
  const part = parts[at];
  if (part?.kind !== 'text') {
    const fresh: Part = { kind: 'text', text };
    return position === 'prepend' ? [fresh, ...parts] : [...parts, fresh];
  }
  const joined = position === 'prepend' ? joinTexts(text, part.text) : joinTexts(part.text, text);
  return parts.with(at, { ...part, text: joined });
}
