// What clients do to histories before they reach us: trim them, reorder them, lose results. Providers refuse such
// conversations as a whole, so the smallest repair is made here once, for every upstream, and reported.
import { GatewayError } from '../errors.ts';
import type { LossReport } from './loss.ts';
import type { Message } from './message.ts';
import type { Part, ToolResultPart } from './parts.ts';
import type { ModelRequest } from './request.ts';
import type { Tool } from './tools.ts';

/** The request with every call answered exactly once, right after the turn that made it, and with distinct tools. */
export function repairRequest(request: ModelRequest, loss: LossReport): ModelRequest {
  const tools = dropCopies(request.tools, loss);
  const messages = answerCalls(request.messages, loss);
  return tools === request.tools && messages === request.messages ? request : { ...request, tools, messages };
}

function answerCalls(messages: readonly Message[], loss: LossReport): readonly Message[] {
  if (
    !messages.some(({ role, parts }) => role === 'tool' || parts.some(({ kind }) => kind === 'tool-call'))
  ) {
    return messages;
  }
  const results = collectResults(messages);
  const repaired: Message[] = [];
  messages.forEach((message, index) => {
    if (message.role === 'tool') return;
    repaired.push(message);
    const calls = message.parts.filter((part) => part.kind === 'tool-call');
    if (calls.length === 0) return;
    const answers = calls.map(({ id }) => take(results, id, index));
    // The last turn without any answer is the client's to continue.
    const isOpen = answers.every((answer) => answer === undefined) && index === messages.length - 1;
    if (isOpen) return;
    repaired.push({ role: 'tool', parts: answers.map((answer, i) => answer ?? placeholder(calls[i]!.id)) });
    answers.forEach((answer, i) => {
      if (answer === undefined)
        loss.add(`messages[${index}].${calls[i]!.id}`, 'the call has no result; a placeholder answers it');
    });
  });
  for (const [id, { entries }] of results) {
    for (const entry of entries)
      if (!entry.used) loss.add(`messages[${entry.at}].${id}`, 'the result answers no call');
  }
  return sameOrder(messages, repaired) ? messages : repaired;
}

interface Entry {
  readonly part: ToolResultPart;
  /** Index of the message that holds it. */
  readonly at: number;
  used: boolean;
}

/** The results of one id, in order. Some clients use the same ids again in every turn. */
interface Entries {
  readonly entries: Entry[];
  /** The first one that a call may still take. */
  next: number;
}

function collectResults(messages: readonly Message[]): Map<string, Entries> {
  const results = new Map<string, Entries>();
  messages.forEach((message, at) => {
    if (message.role !== 'tool') return;
    for (const part of message.parts) {
      if (part.kind !== 'tool-result') continue;
      const known = results.get(part.id);
      if (known === undefined) results.set(part.id, { entries: [{ part, at, used: false }], next: 0 });
      else known.entries.push({ part, at, used: false });
    }
  });
  return results;
}

/** `after` never falls from call to call, so that what was passed over once is never looked at again. */
function take(results: Map<string, Entries>, id: string, after: number): Part | undefined {
  const known = results.get(id);
  if (known === undefined) return undefined;
  while (known.next < known.entries.length) {
    const entry = known.entries[known.next++]!;
    if (entry.at <= after) continue;
    entry.used = true;
    return entry.part;
  }
  return undefined;
}

function placeholder(id: string): Part {
  return {
    kind: 'tool-result',
    id,
    failed: true,
    parts: [{ kind: 'text', text: 'No result was recorded.' }],
  };
}

function sameOrder(before: readonly Message[], after: readonly Message[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ role, parts }, index) => {
      const other = after[index]!;
      return (
        role === other.role &&
        parts.length === other.parts.length &&
        parts.every((part, i) => part === other.parts[i])
      );
    })
  );
}

function dropCopies(tools: readonly Tool[], loss: LossReport): readonly Tool[] {
  const byName = new Map<string, Tool>();
  const kept = tools.filter((tool, index) => {
    const earlier = byName.get(tool.name);
    if (earlier === undefined) {
      byName.set(tool.name, tool);
      return true;
    }
    if (JSON.stringify(earlier) !== JSON.stringify(tool)) {
      throw new GatewayError('invalid_body', `Two different tools are called "${tool.name}".`, {
        param: `tools[${index}].name`,
      });
    }
    loss.add(`tools[${index}]`, `the same tool "${tool.name}" was already given`);
    return false;
  });
  return kept.length === tools.length ? tools : kept;
}
