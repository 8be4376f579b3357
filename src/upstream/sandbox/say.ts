// Script × request → what the simulated model says: text, reasoning, calls, why it stops and how many tokens it counted.
// Tokens are UTF-8 bytes divided by four, rounded up, per part; the gateway's own estimates use the same rule.
import type { Ask, OfferedTool } from './ask.ts';
import { asObject, byteLength } from './json.ts';
import { instantiate } from './schema-instance.ts';
import type { Script, StopReason, Usage } from './script.ts';
import { composeInput, pickTool } from './tools.ts';

export interface Call {
  /** Letters and digits only; each wire puts its own prefix in front. */
  readonly id: string;
  readonly tool: OfferedTool;
  /** JSON text, or free text for a custom tool. */
  readonly input: string;
}

export interface Say {
  /** Letters and digits only, the same for the same request and seed. */
  readonly id: string;
  readonly model: string;
  readonly reasoning?: string;
  /** Opaque proof of reasoning; base64 alphabet, and plainly a fake. */
  readonly signature: string;
  readonly text: string;
  readonly calls: readonly Call[];
  readonly stop: StopReason;
  readonly stopSequence?: string;
  readonly usage: Usage;
}

/** Bytes / 4, rounded up. */
export function countTokens(text: string | number): number {
  return Math.ceil((typeof text === 'number' ? text : byteLength(text)) / 4);
}

/** @param id - hexadecimal digits, stable for the request. */
export function composeSay(ask: Ask, script: Script, id: string): Say {
  const calls = chooseCalls(ask, script, id);
  const wanted =
    script.calls && calls.length === 0 ? concludeCalls(ask, script) : speak(ask, script, calls.length > 0);
  const reasoning = ask.reasoning === 'off' ? undefined : script.reasoning;
  const callTokens = calls.reduce(
    (sum, call) => sum + countTokens(call.tool.name) + countTokens(call.input),
    0,
  );
  const ended = endText(wanted, ask, countTokens(reasoning ?? '') + callTokens);
  const stop = script.stop ?? (calls.length > 0 && ended.stop === 'end' ? 'tools' : ended.stop);
  const reasoningTokens = countTokens(reasoning ?? '');
  const usage: Usage = {
    input: countTokens(ask.promptBytes),
    output: (reasoningTokens + countTokens(ended.text) + callTokens) * ask.choices,
    cacheRead: 0,
    cacheWrite: 0,
    reasoning: reasoningTokens,
    ...script.usage,
  };
  return {
    id,
    model: ask.model,
    ...(reasoning === undefined ? {} : { reasoning }),
    signature: fakeSignature(id),
    text: ended.text,
    calls,
    stop,
    ...(ended.stopSequence === undefined ? {} : { stopSequence: ended.stopSequence }),
    usage,
  };
}

/** Every signature of the simulator begins like this: valid base64 that nobody takes for the real thing. */
export const signatureMark = 'OMNIROUTE/SANDBOX/FAKE/SIGNATURE/';

export function fakeSignature(id: string): string {
  const text = `${signatureMark}${id}`;
  return text.padEnd(Math.ceil(text.length / 4) * 4, '0');
}

function chooseCalls(ask: Ask, script: Script, id: string): Call[] {
  const forced = ask.choice.kind === 'named' || ask.choice.kind === 'any';
  const wanted = script.calls ?? (forced || script.call ? 1 : 0);
  if (wanted === 0 || (ask.results.length > 0 && ask.choice.kind !== 'named')) return [];
  if (script.call)
    return [{ id: `${id.slice(0, 22)}0`, tool: namedTool(ask, script.call.name), input: script.call.input }];
  const tool = pickTool(ask);
  if (!tool) return [];
  const count = ask.parallel ? wanted : 1;
  return Array.from({ length: count }, (_, index) => ({
    id: `${id.slice(0, 22)}${index}`,
    tool,
    input: composeInput(tool),
  }));
}

/** The offered tool of this name, else one as if it had been offered. */
function namedTool(ask: Ask, name: string): OfferedTool {
  const offered = ask.tools.find((tool) => tool.name === name);
  return offered ?? { kind: 'function', name, description: '', schema: {} };
}

/** What a tool-calling script says when it does not (or no longer) call. */
function concludeCalls(ask: Ask, script: Script): string {
  if (ask.results.length === 0)
    return ask.schema === undefined ? 'No tool was offered.' : speak(ask, script, false);
  const said = ask.results.map((result) => result.text.trim().slice(0, 200)).join(' | ');
  return `FINAL after ${ask.results.length} tool result${ask.results.length === 1 ? '' : 's'}: ${said}`;
}

function speak(ask: Ask, script: Script, calling: boolean): string {
  if (script.say.kind === 'echo') return calling ? '' : ask.lastUserText;
  if (ask.schema !== undefined && !calling) return JSON.stringify(jsonAnswer(ask.schema));
  return script.say.kind === 'text' ? script.say.text : describeImages(ask);
}

/** "Any JSON" still has to be an object: that is what JSON mode promises. */
function jsonAnswer(schema: unknown): unknown {
  const object = asObject(schema);
  return object && Object.keys(object).length === 0 ? { answer: 'sandbox' } : instantiate(schema);
}

function describeImages(ask: Ask): string {
  if (ask.images.length === 0) return 'No image was received.';
  const list = ask.images.map((image) => `${image.mediaType}, ${image.url ?? `${image.bytes} bytes`}`);
  return `Received ${ask.images.length} image${ask.images.length === 1 ? '' : 's'}: ${list.join('; ')}.`;
}

/** Applies the client's stop sequences, then its output limit, as a vendor would. */
function endText(
  text: string,
  ask: Ask,
  spent: number,
): { text: string; stop: StopReason; stopSequence?: string } {
  let ended: { text: string; stop: StopReason; stopSequence?: string } = { text, stop: 'end' };
  for (const sequence of ask.stop) {
    const at = sequence === '' ? -1 : ended.text.indexOf(sequence);
    if (at >= 0) ended = { text: ended.text.slice(0, at), stop: 'stop-sequence', stopSequence: sequence };
  }
  if (ask.maxOutput !== undefined && spent + countTokens(ended.text) > ask.maxOutput) {
    return { text: cutBytes(ended.text, Math.max(0, ask.maxOutput - spent) * 4), stop: 'length' };
  }
  return ended;
}

/** The longest prefix of at most `limit` UTF-8 bytes, never half a character. */
function cutBytes(text: string, limit: number): string {
  let bytes = 0;
  let cut = '';
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > limit) break;
    cut += character;
  }
  return cut;
}
