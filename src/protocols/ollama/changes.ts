// The operator's changes on an Ollama body that goes to an Ollama upstream: everything else in it stays as the client
// wrote it. Chat and generate differ only in where the system text stands.
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
import { refuse } from '../../ir/loss.ts';
import { clampEffort } from '../../ir/options.ts';
import { readArray, readNumber, readObject, readString } from '../../ir/read.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { ChangeTarget } from '../protocol.ts';
import { levels } from './thinking.ts';

type Fields = Record<string, unknown>;

/** Throws GatewayError 400 where a field that must be bounded is none that can be. */
export function changeChat(body: JsonObject, changes: RequestChanges, target: ChangeTarget): JsonObject {
  const fields = changeShared(body, changes, target);
  const messages = readArray(body, 'messages', '') ?? [];
  // Nothing is asked: with a text of ours the model would answer where it was only to be loaded.
  if (messages.length > 0 && changes.systemPrompts.length > 0)
    fields['messages'] = changes.systemPrompts.reduce(changeMessages, messages);
  return fields;
}

/** As for chat. A prompt that brings its own template has no place for the operator's words, and is refused. */
export function changeGenerate(body: JsonObject, changes: RequestChanges, target: ChangeTarget): JsonObject {
  const fields = changeShared(body, changes, target);
  if (changes.systemPrompts.length > 0) {
    for (const name of ['raw', 'template'])
      if (body[name]) refuse(name, 'a rule of this gateway sets the system text, which this leaves out');
    fields['system'] = changes.systemPrompts.reduce(changeSystem, readString(body, 'system', '') ?? '');
  }
  return fields;
}

function changeShared(body: JsonObject, changes: RequestChanges, target: ChangeTarget): Fields {
  const { maxOutputTokens: cap, temperature: bounds, thinking } = changes;
  const fields: Fields = { ...body };
  if (cap !== undefined || bounds) fields['options'] = changeOptions(body, changes, target);
  if (thinking) changeThinking(fields, thinking, target);
  return fields;
}

function changeOptions(
  body: JsonObject,
  { maxOutputTokens: cap, temperature: bounds }: RequestChanges,
  { rules }: ChangeTarget,
): JsonObject {
  const options: Fields = { ...readObject(body, 'options', '') };
  if (cap !== undefined) {
    const wanted = readNumber(options, 'num_predict', 'options') ?? 0;
    // Zero and less mean no limit.
    options['num_predict'] = wanted > 0 ? Math.min(wanted, cap) : cap;
  }
  if (bounds) {
    const temperature = boundTemperature(
      readNumber(options, 'temperature', 'options'),
      bounds,
      { reasons: false, sampling: rules.sampling },
      options['top_p'] !== undefined && options['top_p'] !== null,
    );
    if (temperature !== undefined) options['temperature'] = temperature;
  }
  return options;
}

function changeThinking(fields: Fields, change: ThinkingChange, { rules }: ChangeTarget): void {
  const asked = fields['think'] !== undefined && fields['think'] !== null;
  if (change.mode === 'auto') {
    delete fields['think'];
    return;
  }
  if (rules.ollamaThinking === 'unknown' && !asked) return;
  const budget = budgetOf(change, () => weigh(fields));
  if (budget <= 0) fields['think'] = false;
  else if (rules.ollamaThinking !== 'levels') fields['think'] = true;
  else fields['think'] = clampEffort(effortOfChange(budget), levels);
}

function weigh({ messages, prompt, tools }: JsonObject): Weight {
  const list = Array.isArray(messages) ? messages.filter(isObject) : [];
  const last = list.findLast(({ role }) => role === 'user')?.['content'] ?? prompt;
  return {
    messages: list.filter((message) => !isSystem(message)).length + (typeof prompt === 'string' ? 1 : 0),
    tools: Array.isArray(tools) ? tools.length : 0,
    lastUser: typeof last === 'string' ? last.length : 0,
  };
}

function changeMessages(messages: readonly unknown[], change: SystemPromptChange): readonly unknown[] {
  const fresh = { role: 'system', content: change.text };
  if (change.position === 'replace') return [fresh, ...messages.filter((message) => !isSystem(message))];
  const first = messages.findIndex((message) => !isSystem(message));
  const leading = first === -1 ? messages.length : first;
  if (leading === 0) return [fresh, ...messages];
  const at = change.position === 'prepend' ? 0 : leading - 1;
  const message = messages[at] as JsonObject;
  const content = typeof message['content'] === 'string' ? message['content'] : '';
  return messages.with(at, { ...message, content: changeSystem(content, change) });
}

function changeSystem(system: string, { text, position }: SystemPromptChange): string {
  if (position === 'replace') return text;
  return position === 'prepend' ? joinTexts(text, system) : joinTexts(system, text);
}

function isSystem(message: unknown): boolean {
  return isObject(message) && (message['role'] === 'system' || message['role'] === 'developer');
}
