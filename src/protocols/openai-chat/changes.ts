// The operator's changes on a Chat body that goes to a Chat upstream: everything else in it stays as the client wrote it.
import {
  boundTemperature,
  budgetOf,
  effortOfChange,
  joinTexts,
  type RequestChanges,
  type SystemPromptChange,
  type ThinkingChange,
  type Weight,
} from '../../ir/changes.ts';
import { clampEffort } from '../../ir/options.ts';
import { readArray, readNumber, wrong } from '../../ir/read.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { ChangeTarget } from '../protocol.ts';

type Fields = Record<string, unknown>;

/** Every spelling of reasoning that Chat hosts have. */
const reasoningFields = [
  'reasoning_effort',
  'reasoning',
  'thinking',
  'enable_thinking',
  'thinking_budget',
  'thinkingLevel',
  'thinking_level',
] as const;

/** Throws GatewayError 400 where a field that must be bounded is none that can be. */
export function changeBody(body: JsonObject, changes: RequestChanges, target: ChangeTarget): JsonObject {
  const { maxOutputTokens: cap, temperature: bounds, systemPrompts, thinking } = changes;
  const fields: Fields = { ...body };
  if (systemPrompts.length > 0) {
    const messages = readArray(body, 'messages', '') ?? wrong('messages', 'an array');
    fields['messages'] = systemPrompts.reduce(
      (list, change) => changeSystem(list, change, target.rules.systemRole),
      messages,
    );
  }
  if (cap !== undefined) capOutput(fields, cap, target);
  if (bounds) {
    const { sampling } = target.rules;
    const temperature = boundTemperature(
      readNumber(body, 'temperature', ''),
      bounds,
      { reasons: false, sampling },
      hasValue(body['top_p']),
    );
    if (temperature !== undefined) fields['temperature'] = temperature;
  }
  if (thinking) changeThinking(fields, thinking, target, cap);
  return fields;
}

// Both spellings are bounded: a host that reads the other one must not be a way around the cap.
function capOutput(fields: Fields, cap: number, { rules }: ChangeTarget): void {
  let said = false;
  for (const name of ['max_completion_tokens', 'max_tokens']) {
    const wanted = readNumber(fields, name, '');
    if (wanted === undefined) continue;
    fields[name] = Math.min(wanted, cap);
    said = true;
  }
  if (!said) fields[rules.maxTokensField] = cap;
}

function changeThinking(
  fields: Fields,
  change: ThinkingChange,
  { rules, maxOutput }: ChangeTarget,
  cap: number | undefined,
): void {
  const present = reasoningFields.filter((name) => hasValue(fields[name]));
  if (change.mode === 'auto') {
    for (const name of reasoningFields) delete fields[name];
    return;
  }
  const takes = rules.efforts.length > 0 || rules.thinkingSwitch;
  if (!takes && present.length === 0) return;
  const wanted = budgetOf(change, () => weigh(fields));
  const budget = Math.min(wanted, maxOutput ?? wanted, cap ?? wanted);
  const effort = rules.efforts.length > 0 ? clampEffort(effortOfChange(budget), rules.efforts) : undefined;
  const said = effort ?? (budget > 0 ? effortOfChange(budget) : undefined);
  const { thinking, reasoning } = fields;
  // The client's own spelling is kept: it knows its host.
  for (const name of present) delete fields[name];
  if (isObject(thinking)) fields['thinking'] = writeThinking(thinking, budget);
  else if (isObject(reasoning)) fields['reasoning'] = writeReasoning(reasoning, budget, said);
  else if (present.includes('enable_thinking') || present.includes('thinking_budget')) {
    fields['enable_thinking'] = budget > 0;
    if (budget > 0) fields['thinking_budget'] = budget;
  } else if (rules.thinkingSwitch) fields['thinking'] = { type: budget > 0 ? 'enabled' : 'disabled' };
  else if (said !== undefined) fields['reasoning_effort'] = said;
}

function writeThinking({ budget_tokens: counted, ...rest }: JsonObject, budget: number): JsonObject {
  if (budget <= 0) return { ...rest, type: 'disabled' };
  return { ...rest, type: 'enabled', ...(hasValue(counted) && { budget_tokens: budget }) };
}

function writeReasoning(reasoning: JsonObject, budget: number, effort: string | undefined): JsonObject {
  const { effort: _effort, max_tokens: counted, enabled: _enabled, ...rest } = reasoning;
  if (budget <= 0) return { ...rest, enabled: false };
  return { ...rest, ...(hasValue(counted) ? { max_tokens: budget } : { effort }) };
}

function weigh({ messages, tools }: JsonObject): Weight {
  const list = Array.isArray(messages) ? messages.filter(isObject) : [];
  const last = list.findLast(({ role }) => role === 'user');
  return {
    messages: list.filter((message) => !isSystem(message)).length,
    tools: Array.isArray(tools) ? tools.length : 0,
    lastUser: lengthOf(last?.['content']),
  };
}

function lengthOf(content: unknown): number {
  if (typeof content === 'string') return content.length;
  if (!Array.isArray(content)) return 0;
  return content
    .filter(isObject)
    .reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0);
}

function changeSystem(
  messages: readonly unknown[],
  { text, position }: SystemPromptChange,
  role: string,
): readonly unknown[] {
  const fresh = { role, content: text };
  if (position === 'replace') return [fresh, ...messages.filter((message) => !isSystem(message))];
  const first = messages.findIndex((message) => !isSystem(message));
  const leading = first === -1 ? messages.length : first;
  if (leading === 0) return [fresh, ...messages];
  const at = position === 'prepend' ? 0 : leading - 1;
  const message = messages[at] as JsonObject;
  return messages.with(at, { ...message, content: addText(message['content'], text, position) });
}

function addText(content: unknown, text: string, position: 'prepend' | 'append'): unknown {
  if (Array.isArray(content)) {
    const part = { type: 'text', text };
    return position === 'prepend' ? [part, ...content] : [...content, part];
  }
  if (typeof content !== 'string') return text;
  return position === 'prepend' ? joinTexts(text, content) : joinTexts(content, text);
}

function isSystem(message: unknown): boolean {
  return isObject(message) && (message['role'] === 'system' || message['role'] === 'developer');
}

function hasValue(value: unknown): boolean {
  return value !== undefined && value !== null;
}
