// The operator's changes on a Responses body that goes to a Responses upstream: everything else in it stays as the client
// wrote it.
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
import { readNumber, readObject, readString } from '../../ir/read.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { ChangeTarget } from '../protocol.ts';

type Fields = Record<string, unknown>;

/** Throws GatewayError 400 where a field that must be bounded is none that can be. */
export function changeBody(body: JsonObject, changes: RequestChanges, target: ChangeTarget): JsonObject {
  const { maxOutputTokens: cap, temperature: bounds, systemPrompts, thinking } = changes;
  const fields: Fields = { ...body };
  for (const change of systemPrompts) changeSystem(fields, change);
  if (cap !== undefined)
    fields['max_output_tokens'] = Math.min(readNumber(body, 'max_output_tokens', '') ?? cap, cap);
  if (bounds) {
    const { sampling } = target.rules;
    const hasTopP = body['top_p'] !== undefined && body['top_p'] !== null;
    const given = readNumber(body, 'temperature', '');
    const temperature = boundTemperature(given, bounds, { reasons: false, sampling }, hasTopP);
    if (temperature !== undefined) fields['temperature'] = temperature;
  }
  if (thinking) changeThinking(fields, thinking, target, cap);
  return fields;
}

function changeThinking(
  fields: Fields,
  change: ThinkingChange,
  { rules, maxOutput }: ChangeTarget,
  cap: number | undefined,
): void {
  const reasoning = readObject(fields, 'reasoning', '');
  if (change.mode === 'auto') {
    delete fields['reasoning'];
    return;
  }
  if (rules.efforts.length === 0 && reasoning === undefined) return;
  const wanted = budgetOf(change, () => weigh(fields));
  const budget = Math.min(wanted, maxOutput ?? wanted, cap ?? wanted);
  const effort = rules.efforts.length > 0 ? clampEffort(effortOfChange(budget), rules.efforts) : undefined;
  const said = effort ?? (budget > 0 ? effortOfChange(budget) : undefined);
  if (said === undefined) delete fields['reasoning'];
  else fields['reasoning'] = { ...reasoning, effort: said };
}

function weigh({ input, tools }: JsonObject): Weight {
  const items = Array.isArray(input) ? input.filter(isObject) : [];
  const last = items.findLast((item) => isMessage(item) && item['role'] === 'user')?.['content'];
  return {
    messages: typeof input === 'string' ? 1 : items.filter((item) => !isSystem(item)).length,
    tools: Array.isArray(tools) ? tools.length : 0,
    lastUser: lengthOf(last ?? input),
  };
}

function lengthOf(content: unknown): number {
  if (typeof content === 'string') return content.length;
  if (!Array.isArray(content)) return 0;
  return content
    .filter(isObject)
    .reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0);
}

// `instructions` stand before the items; what is appended comes behind the system text at the head of those.
function changeSystem(fields: Fields, { text, position }: SystemPromptChange): void {
  const { input } = fields;
  const items = Array.isArray(input) ? (input as unknown[]) : undefined;
  if (position === 'replace') {
    fields['instructions'] = text;
    // System text in the middle is the client's as well: nothing of it may survive.
    if (items) fields['input'] = items.filter((item) => !isSystem(item));
    return;
  }
  const last = position === 'append' && items ? findLastLeading(items) : -1;
  if (items && last >= 0) {
    const item = items[last] as JsonObject;
    fields['input'] = items.with(last, { ...item, content: appendText(item['content'], text) });
    return;
  }
  const old = readString(fields, 'instructions', '') ?? '';
  fields['instructions'] = position === 'prepend' ? joinTexts(text, old) : joinTexts(old, text);
}

/** Index of the last item of system text that stands before everything else; tools among the items say nothing. */
function findLastLeading(items: readonly unknown[]): number {
  const first = items.findIndex((item) => !isSystem(item) && !isTools(item));
  return items.slice(0, first === -1 ? items.length : first).findLastIndex(isSystem);
}

function appendText(content: unknown, text: string): unknown {
  if (Array.isArray(content)) return [...(content as unknown[]), { type: 'input_text', text }];
  return typeof content === 'string' ? joinTexts(content, text) : text;
}

function isTools(item: unknown): boolean {
  return isObject(item) && item['type'] === 'additional_tools';
}

function isMessage({ type }: JsonObject): boolean {
  return type === undefined || type === null || type === 'message';
}

function isSystem(item: unknown): boolean {
  return isObject(item) && isMessage(item) && (item['role'] === 'system' || item['role'] === 'developer');
}
