// Tools and tool choice of Messages ⇄ the hub.
import { freeformSchema, wrapFreeform } from '../../ir/freeform.ts';
import { extend } from '../../ir/extensions.ts';
import { dropTool } from '../../ir/drop-tool.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import type { Message } from '../../ir/message.ts';
import {
  demandObject,
  demandString,
  readArray,
  readBoolean,
  readObject,
  readString,
  wrong,
} from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import type { FunctionTool, Tool, ToolChoice } from '../../ir/tools.ts';
import { defined, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ModelRules } from '../protocol.ts';
import { decodeMark, encodeMark } from './parts.ts';
import { restrictForAnthropic } from './schema.ts';
import { typedTool } from './typed-tools.ts';
import { toolFields, wire } from './wire.ts';
import type { WireBlock } from './wire.ts';

export function decodeTools(body: JsonObject): readonly Tool[] {
  return (readArray(body, 'tools', '') ?? []).map((value, index) =>
    decodeTool(demandObject(value, `tools[${index}]`), `tools[${index}]`),
  );
}

function decodeTool(tool: JsonObject, at: string): Tool {
  const type = readString(tool, 'type', at) ?? 'custom';
  const cache = decodeMark(tool['cache_control']);
  if (type === 'custom') {
    return defined({
      kind: 'function' as const,
      name: demandString(tool, 'name', at),
      description: readString(tool, 'description', at),
      parameters: readObject(tool, 'input_schema', at),
      strict: readBoolean(tool, 'strict', at),
      cache,
      extensions: extend(wire, omitKnown(tool, toolFields)),
    });
  }
  if (type.startsWith('web_search')) {
    const found = readObject(tool, 'user_location', at);
    const location = found === undefined ? undefined : omitKnown(found, new Set(['type']));
    return defined({
      kind: 'web-search' as const,
      name: 'web_search',
      location,
      cache,
      raw: { wire, value: tool },
    });
  }
  const name = readString(tool, 'name', at) ?? type;
  const known = typedTool(type, name);
  if (known !== undefined) return defined({ ...known, cache, extensions: { [wire]: { [typed]: tool } } });
  return defined({ kind: 'opaque' as const, name, wire, value: tool, cache });
}

/** Under this extension a tool that Anthropic defines itself keeps its own definition. */
const typed = 'definition';

export function decodeChoice(body: JsonObject): {
  readonly toolChoice?: ToolChoice;
  readonly parallelTools?: boolean;
} {
  const choice = readObject(body, 'tool_choice', '');
  if (choice === undefined) return {};
  const single = readBoolean(choice, 'disable_parallel_tool_use', 'tool_choice');
  return defined({
    toolChoice: decodeKind(choice),
    parallelTools: single === undefined ? undefined : !single,
  });
}

function decodeKind(choice: JsonObject): ToolChoice {
  switch (choice['type']) {
    case 'auto':
      return { kind: 'auto' };
    case 'none':
      return { kind: 'none' };
    case 'any':
      return { kind: 'required' };
    case 'tool':
      return { kind: 'tool', name: demandString(choice, 'name', 'tool_choice') };
    default:
      return wrong('tool_choice.type', 'one of auto, any, tool, none');
  }
}

export interface ToolOptions {
  readonly names: ToolNames;
  readonly rules: ModelRules;
  readonly loss: LossReport;
  /** A forced choice cannot stand beside thinking. */
  readonly thinking: boolean;
  /** Tool that carries the structured answer. */
  readonly schemaTool: FunctionTool | undefined;
}

export interface EncodedTools {
  readonly tools: WireBlock[];
  readonly choice: JsonObject | undefined;
  readonly freeform: ReadonlySet<string>;
}

export function encodeTools(request: ModelRequest, options: ToolOptions): EncodedTools {
  const { names, schemaTool } = options;
  const offered = offer(request, options);
  const freeform = new Set(
    offered.filter(({ kind }) => kind === 'freeform').map(({ name }) => names.encode(name)),
  );
  const places = new Map(request.tools.map((tool, place) => [tool, place]));
  const tools = offered
    .map((tool) => encodeTool(tool, `tools[${places.get(tool)}]`, request, options))
    .filter((tool) => tool !== undefined);
  if (schemaTool !== undefined) tools.push(encodeFunction(schemaTool, options));
  if (tools.length > 0) return { tools, choice: encodeChoice(request, tools.length, options), freeform };
  // The API wants definitions as soon as the history holds calls, even when none may be made.
  const remembered = rememberTools(request.messages, options);
  return { tools: remembered, choice: remembered.length === 0 ? undefined : { type: 'none' }, freeform };
}

/** A choice among some tools is made by offering only those. */
function offer({ tools, toolChoice }: ModelRequest, { loss }: ToolOptions): readonly Tool[] {
  if (toolChoice?.kind !== 'allowed') return tools;
  const allowed = new Set(toolChoice.names);
  const left = tools.filter(({ name }) => allowed.has(name));
  if (left.length < tools.length) loss.add('toolChoice', 'only the allowed tools are offered');
  return left;
}

function encodeTool(
  tool: Tool,
  at: string,
  request: ModelRequest,
  options: ToolOptions,
): WireBlock | undefined {
  const { loss, rules } = options;
  reportForeign(tool.extensions, wire, at, loss);
  switch (tool.kind) {
    case 'function':
      return encodeFunction(tool, options);
    case 'freeform':
      loss.add(at, 'the free-form tool is offered as a function with one string');
      return encodeFunction(wrapFreeform(tool), options);
    case 'web-search':
      if (tool.raw?.wire === wire) return mark({ type: '', ...tool.raw.value }, tool);
      if (!rules.webSearch) return dropTool(tool, at, request, loss, 'the upstream model has no web search');
      if (tool.contextSize !== undefined) loss.add(`${at}.contextSize`, 'this search has no such size');
      return mark(
        defined({
          type: 'web_search_20250305',
          name: 'web_search',
          user_location: tool.location === undefined ? undefined : { type: 'approximate', ...tool.location },
        }),
        tool,
      );
    case 'opaque':
      if (tool.wire === wire) return mark({ type: '', ...tool.value }, tool);
      return dropTool(tool, at, request, loss, `only ${tool.wire} has this tool`);
  }
}

function encodeFunction(
  tool: FunctionTool,
  { names, rules }: Pick<ToolOptions, 'names' | 'rules'>,
): WireBlock {
  const own = tool.extensions?.[wire];
  const definition = own?.[typed];
  if (definition !== undefined) return mark({ type: '', ...(definition as JsonObject) }, tool);
  const schema = { type: 'object', ...tool.parameters };
  const strict = rules.nativeSchema ? tool.strict : undefined;
  const block = defined({
    ...own,
    name: names.encode(tool.name),
    description: tool.description,
    input_schema: strict ? restrictForAnthropic(schema) : schema,
    strict,
  });
  // A client tool has no `type`; WireBlock wants the field only for blocks of content.
  return mark(block as typeof block & { type: string }, tool);
}

function mark(block: WireBlock, tool: Tool): WireBlock {
  if (tool.cache !== undefined) block.cache_control = encodeMark(tool.cache);
  return block;
}

function encodeChoice(request: ModelRequest, count: number, options: ToolOptions): JsonObject | undefined {
  const { names, loss, thinking, schemaTool } = options;
  const choice = request.toolChoice ?? { kind: 'auto' as const };
  const single = request.parallelTools === false ? { disable_parallel_tool_use: true } : {};
  // With tools of its own beside it the model may still call one of them first.
  if (schemaTool !== undefined && choice.kind !== 'none') {
    return count === 1
      ? { type: 'tool', name: names.encode(schemaTool.name), disable_parallel_tool_use: true }
      : { type: 'any', ...single };
  }
  const forced =
    choice.kind === 'required' || choice.kind === 'tool' || (choice.kind === 'allowed' && choice.required);
  if (forced && thinking) {
    loss.add('toolChoice', 'a call cannot be forced while the model thinks');
    return { type: 'auto', ...single };
  }
  switch (choice.kind) {
    case 'none':
      return schemaTool === undefined
        ? { type: 'none' }
        : { type: 'tool', name: names.encode(schemaTool.name), disable_parallel_tool_use: true };
    case 'tool':
      return { type: 'tool', name: names.encode(choice.name), ...single };
    case 'required':
      return { type: 'any', ...single };
    case 'allowed':
      return { type: choice.required ? 'any' : 'auto', ...single };
    case 'auto':
      return request.toolChoice === undefined && request.parallelTools !== false
        ? undefined
        : { type: 'auto', ...single };
  }
}

function rememberTools(messages: readonly Message[], options: ToolOptions): WireBlock[] {
  const used = new Map<string, boolean>();
  for (const { parts } of messages) {
    for (const part of parts) if (part.kind === 'tool-call') used.set(part.name, part.freeform === true);
  }
  return [...used].map(([name, freeform]) =>
    encodeFunction({ kind: 'function', name, ...(freeform && { parameters: freeformSchema }) }, options),
  );
}
