// The operator's changes on a Gemini body that goes to a Gemini upstream: everything else in it stays as the client wrote
// it, but for names in snake_case, which become Google's own.
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
import { readNumber, readObject } from '../../ir/read.ts';
import { isObject, type JsonObject } from '../../lib/json.ts';
import type { ChangeTarget } from '../protocol.ts';
import { encodeThinking } from './thinking.ts';
import { toCamel } from './wire.ts';

type Fields = Record<string, unknown>;

/** Throws GatewayError 400 where a field that must be bounded is none that can be. */
export function changeBody(value: JsonObject, changes: RequestChanges, target: ChangeTarget): JsonObject {
  const { maxOutputTokens: cap, temperature: bounds, systemPrompts, thinking } = changes;
  const fields: Fields = { ...toCamel(value) };
  for (const change of systemPrompts) changeSystem(fields, change);
  const config: Fields = { ...readObject(fields, 'generationConfig', '') };
  const at = 'generationConfig';
  if (cap !== undefined)
    config['maxOutputTokens'] = Math.min(readNumber(config, 'maxOutputTokens', at) ?? cap, cap);
  if (bounds) {
    const { sampling } = target.rules;
    const given = readNumber(config, 'temperature', at);
    const hasTopP = config['topP'] !== undefined && config['topP'] !== null;
    const temperature = boundTemperature(given, bounds, { reasons: false, sampling }, hasTopP);
    if (temperature !== undefined) config['temperature'] = temperature;
  }
  const { thinkingConfig: asked } = config;
  if (thinking?.mode === 'auto') delete config['thinkingConfig'];
  else if (thinking && (target.rules.geminiThinking !== 'none' || isObject(asked))) {
    const wanted = budgetOf(thinking, () => weigh(fields));
    const most = Math.min(wanted, target.maxOutput ?? wanted, cap ?? wanted);
    const effort = effortOfChange(most);
    const mode = most > 0 ? ('enabled' as const) : ('disabled' as const);
    const shown = isObject(asked) ? asked['includeThoughts'] : undefined;
    const { rules } = target;
    const known = rules.geminiThinking === 'none' ? { ...rules, geminiThinking: 'budget' as const } : rules;
    const written = encodeThinking({ mode, effort, budget: most }, known, createLossReport());
    if (written === undefined) delete config['thinkingConfig'];
    else config['thinkingConfig'] = { ...written, ...(shown !== undefined && { includeThoughts: shown }) };
  }
  if (Object.keys(config).length > 0) fields['generationConfig'] = config;
  else if (thinking) delete fields['generationConfig'];
  return fields;
}

function weigh({ contents, tools }: JsonObject): Weight {
  const list = Array.isArray(contents) ? contents.filter(isObject) : [];
  const last = list.findLast(({ role }) => role !== 'model');
  const declared = Array.isArray(tools) ? tools.filter(isObject) : [];
  return {
    messages: list.length,
    tools: declared.reduce(
      (sum, { functionDeclarations }) =>
        sum + (Array.isArray(functionDeclarations) ? functionDeclarations.length : 1),
      0,
    ),
    lastUser: partsOf(last).reduce((sum, { text }) => sum + (typeof text === 'string' ? text.length : 0), 0),
  };
}

function changeSystem(fields: Fields, { text, position }: SystemPromptChange): void {
  const { systemInstruction: old } = fields;
  if (typeof old === 'string' && position !== 'replace') {
    const joined = position === 'prepend' ? joinTexts(text, old) : joinTexts(old, text);
    fields['systemInstruction'] = { parts: [{ text: joined }] };
    return;
  }
  const parts = partsOf(old);
  const part = { text };
  const kept = position === 'replace' ? [part] : position === 'prepend' ? [part, ...parts] : [...parts, part];
  const { parts: _, ...rest } = isObject(old) ? (old as JsonObject & { parts?: unknown }) : {};
  fields['systemInstruction'] = position === 'replace' ? { parts: kept } : { ...rest, parts: kept };
  if (position !== 'replace') return;
  // A system content in the middle is the client's as well: nothing of it may survive.
  const { contents } = fields;
  if (Array.isArray(contents))
    fields['contents'] = contents.filter((content) => !isObject(content) || content['role'] !== 'system');
}

/** A content's parts; Google takes one part instead of a list, too. */
function partsOf(content: unknown): readonly JsonObject[] {
  if (!isObject(content)) return [];
  const { parts } = content;
  if (Array.isArray(parts)) return (parts as unknown[]).filter(isObject);
  return isObject(parts) ? [parts] : [];
}
