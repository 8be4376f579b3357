// The operator's changes on a Messages body that goes to a Messages upstream: everything else in it stays as the client
// wrote it.
import {
  boundTemperature,
  budgetOf,
  effortOfChange,
  joinTexts,
  type RequestChanges,
  type SystemPromptChange,
  type Weight,
} from '../../ir/changes.ts';
import { createLossReport } from '../../ir/loss.ts';
import type { Reasoning } from '../../ir/options.ts';
import { readArray, readNumber, readObject, wrong } from '../../ir/read.ts';
import { defined, isObject, type JsonObject } from '../../lib/json.ts';
import type { ChangeTarget } from '../protocol.ts';
import { decodeThinking, encodeThinking } from './thinking.ts';

type Fields = Record<string, unknown>;

/** Throws GatewayError 400 where a field that must be bounded is none that can be. */
export function changeBody(body: JsonObject, changes: RequestChanges, target: ChangeTarget): JsonObject {
  const { maxOutputTokens: cap, temperature: bounds, systemPrompts, thinking } = changes;
  const fields: Fields = { ...body };
  for (const change of systemPrompts) changeSystem(fields, change);
  if (cap !== undefined) fields['max_tokens'] = Math.min(readNumber(body, 'max_tokens', '') ?? cap, cap);
  if (thinking?.mode === 'auto') removeThinking(fields);
  else if (thinking) {
    const asked = decodeThinking(body);
    if (asked !== undefined || target.rules.thinking !== 'none') {
      const budget = budgetOf(thinking, () => weigh(body));
      writeThinking(fields, { ...wish(budget), ...defined({ display: asked?.display }) }, target, cap);
    }
  } else if (cap !== undefined) keepBudget(fields, target, cap);
  if (bounds && !isThinking(fields)) {
    const given = readNumber(fields, 'temperature', '');
    const { sampling } = target.rules;
    const hasTopP = fields['top_p'] !== undefined && fields['top_p'] !== null;
    const bounded = boundTemperature(given, bounds, { reasons: false, sampling }, hasTopP);
    // The wire ends at 1, whatever the bounds say.
    if (bounded !== undefined) fields['temperature'] = Math.min(1, bounded);
  }
  return fields;
}

function wish(budget: number): Reasoning {
  const effort = effortOfChange(budget);
  return budget > 0 ? { mode: 'enabled', effort, budget } : { mode: 'disabled', effort };
}

function removeThinking(fields: Fields): void {
  for (const name of ['thinking', 'thinkingLevel', 'thinking_level', 'reasoning_effort', 'reasoning'])
    delete fields[name];
  writeEffort(fields, undefined);
}

/** A lower limit of the answer may not leave a larger budget behind: the upstream would refuse that. */
function keepBudget(fields: Fields, target: ChangeTarget, cap: number): void {
  const asked = decodeThinking(fields);
  const limit = readNumber(fields, 'max_tokens', '');
  if (asked?.budget === undefined || limit === undefined || asked.budget < limit) return;
  writeThinking(fields, asked, target, cap);
}

function writeThinking(
  fields: Fields,
  reasoning: Reasoning,
  { model, rules, maxOutput }: ChangeTarget,
  cap: number | undefined,
): void {
  const limit = readNumber(fields, 'max_tokens', '') ?? maxOutput ?? rules.maxOutput;
  const most = Math.min(Math.max(maxOutput ?? rules.maxOutput, limit), cap ?? Number.POSITIVE_INFINITY);
  const encoded = encodeThinking(
    reasoning,
    {
      model,
      issuer: '',
      maxOutput: most,
      // A client that asks for thinking knows its model better than a table that has never heard of it.
      rules: rules.thinking === 'none' ? { ...rules, thinking: 'budget' } : rules,
    },
    limit,
    refusal(fields),
    createLossReport(),
  );
  if (encoded.thinking === undefined) delete fields['thinking'];
  else fields['thinking'] = encoded.thinking;
  fields['max_tokens'] = encoded.maxTokens;
  writeEffort(fields, encoded.effort);
  if (!encoded.active) return;
  // The wire takes none of these beside thinking.
  for (const name of ['temperature', 'top_k', 'top_p']) delete fields[name];
}

function writeEffort(fields: Fields, effort: string | undefined): void {
  const { effort: _effort, ...rest } = readObject(fields, 'output_config', '') ?? {};
  const config = defined({ ...rest, effort });
  if (Object.keys(config).length > 0) fields['output_config'] = config;
  else delete fields['output_config'];
}

/** Why the wire would refuse thinking in this request. */
function refusal({ tool_choice: choice, messages }: Fields): string | undefined {
  if (isObject(choice) && (choice['type'] === 'any' || choice['type'] === 'tool')) return 'a call is forced';
  const list = Array.isArray(messages) ? messages.filter(isObject) : [];
  if (list.at(-1)?.['role'] === 'assistant') return 'the answer has begun';
  const turn = list.findLast(({ role }) => role === 'assistant')?.['content'];
  const blocks = Array.isArray(turn) ? turn.filter(isObject) : [];
  const called = blocks.some(({ type }) => type === 'tool_use');
  const thought = blocks.some(({ type }) => type === 'thinking' || type === 'redacted_thinking');
  const answers = list.at(-1)?.['content'];
  const goesOn =
    Array.isArray(answers) && answers.some((block) => isObject(block) && block['type'] === 'tool_result');
  return called && goesOn && !thought ? 'the turn began without thinking' : undefined;
}

function isThinking({ thinking }: Fields): boolean {
  return isObject(thinking) && thinking['type'] !== 'disabled';
}

function weigh({ messages, tools }: JsonObject): Weight {
  const list = Array.isArray(messages) ? messages.filter(isObject) : [];
  return {
    messages: list.length,
    tools: Array.isArray(tools) ? tools.length : 0,
    lastUser: lengthOf(list.findLast(({ role }) => role === 'user')?.['content']),
  };
}

function lengthOf(content: unknown): number {
  if (typeof content === 'string') return content.length;
  if (!Array.isArray(content)) return 0;
  return content
    .filter(isObject)
    .reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0);
}

function changeSystem(fields: Fields, { text, position }: SystemPromptChange): void {
  const { system } = fields;
  if (position === 'replace') {
    fields['system'] = text;
    const messages = readArray(fields, 'messages', '') ?? wrong('messages', 'an array');
    // A system message in the middle is the client's as well: nothing of it may survive.
    fields['messages'] = messages.filter((message) => !isObject(message) || message['role'] !== 'system');
  } else if (Array.isArray(system)) {
    const block = { type: 'text', text };
    fields['system'] = position === 'prepend' ? [block, ...system] : [...system, block];
  } else {
    const old = typeof system === 'string' ? system : '';
    fields['system'] = position === 'prepend' ? joinTexts(text, old) : joinTexts(old, text);
  }
}
