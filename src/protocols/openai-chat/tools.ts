// Tools and tool choice of Chat ⇄ the hub, the old `functions` dialect included.
import { extend } from '../../ir/extensions.ts';
import { dropTool } from '../../ir/drop-tool.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import {
  demandObject,
  demandString,
  join,
  readArray,
  readBoolean,
  readObject,
  readOneOf,
  readString,
  wrong,
} from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import type { Tool, ToolChoice } from '../../ir/tools.ts';
import { defined, isObject, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ModelRules } from '../protocol.ts';
import { functionFields, wire } from './wire.ts';

export function decodeTools(body: JsonObject): readonly Tool[] {
  const tools = (readArray(body, 'tools', '') ?? []).map((value, index) =>
    decodeTool(value, `tools[${index}]`),
  );
  const functions = (readArray(body, 'functions', '') ?? []).map((value, index) =>
    decodeFunction(demandObject(value, `functions[${index}]`), `functions[${index}]`),
  );
  return [...tools, ...functions, ...decodeWebSearch(body)];
}

function decodeTool(value: unknown, at: string): Tool {
  const tool = demandObject(value, at);
  switch (tool['type'] ?? 'function') {
    case 'function':
      return decodeFunction(demandObject(tool['function'], join(at, 'function')), join(at, 'function'));
    case 'custom': {
      const custom = demandObject(tool['custom'], join(at, 'custom'));
      const format = readObject(custom, 'format', at);
      const grammar = format === undefined ? undefined : readObject(format, 'grammar', at);
      return defined({
        kind: 'freeform' as const,
        name: demandString(custom, 'name', join(at, 'custom')),
        description: readString(custom, 'description', at),
        grammar:
          grammar === undefined
            ? undefined
            : {
                syntax: demandString(grammar, 'syntax', at),
                definition: demandString(grammar, 'definition', at),
              },
      });
    }
    default: {
      const type = readString(tool, 'type', at) ?? 'unknown';
      return { kind: 'opaque', name: readString(tool, 'name', at) ?? type, wire, value: tool };
    }
  }
}

function decodeFunction(fn: JsonObject, at: string): Tool {
  return defined({
    kind: 'function' as const,
    name: demandString(fn, 'name', at),
    description: readString(fn, 'description', at),
    parameters: readObject(fn, 'parameters', at),
    strict: readBoolean(fn, 'strict', at),
    extensions: extend(wire, omitKnown(fn, functionFields)),
  });
}

function decodeWebSearch(body: JsonObject): readonly Tool[] {
  const options = readObject(body, 'web_search_options', '');
  if (options === undefined) return [];
  const location = readObject(options, 'user_location', 'web_search_options');
  return [
    defined({
      kind: 'web-search' as const,
      name: 'web_search',
      contextSize: readOneOf(options, 'search_context_size', ['low', 'medium', 'high'], 'web_search_options'),
      location:
        location === undefined
          ? undefined
          : readObject(location, 'approximate', 'web_search_options.user_location'),
    }),
  ];
}

export function decodeChoice(body: JsonObject): ToolChoice | undefined {
  const value = body['tool_choice'] ?? body['function_call'];
  switch (value) {
    case undefined:
    case null:
      return undefined;
    case 'auto':
      return { kind: 'auto' };
    case 'none':
      return { kind: 'none' };
    case 'required':
    case 'any':
      return { kind: 'required' };
  }
  if (!isObject(value)) return wrong('tool_choice', 'auto, none, required or an object');
  if (value['type'] === 'allowed_tools') {
    const allowed = demandObject(value['allowed_tools'] ?? value, 'tool_choice.allowed_tools');
    const names = (readArray(allowed, 'tools', 'tool_choice.allowed_tools') ?? []).map((tool) =>
      readName(tool),
    );
    return { kind: 'allowed', names, required: allowed['mode'] === 'required' };
  }
  return { kind: 'tool', name: readName(value) };
}

/** `{function:{name}}`, `{custom:{name}}`, or the bare `{name}` of the old dialect. */
function readName(value: unknown): string {
  const choice = demandObject(value, 'tool_choice');
  const holder = [choice['function'], choice['custom'], choice].find(
    (entry) => isObject(entry) && 'name' in entry,
  );
  return demandString(demandObject(holder, 'tool_choice'), 'name', 'tool_choice');
}

/** `tools`, `tool_choice`, `parallel_tool_calls` and `web_search_options` of a request. */
export function encodeTools(
  request: ModelRequest,
  names: ToolNames,
  rules: ModelRules,
  loss: LossReport,
): JsonObject {
  const choice = request.toolChoice;
  const search = request.tools.find((tool) => tool.kind === 'web-search');
  const tools = request.tools
    .map((tool, index) => encodeTool(tool, `tools[${index}]`, request, names, rules, loss))
    .filter((tool) => tool !== undefined);
  if (tools.length === 0) {
    return defined({ web_search_options: search && rules.webSearch ? encodeWebSearch(search) : undefined });
  }
  return defined({
    tools,
    tool_choice: choice === undefined ? undefined : encodeChoice(choice, request.tools, names),
    parallel_tool_calls: request.parallelTools,
    web_search_options: search && rules.webSearch ? encodeWebSearch(search) : undefined,
  });
}

function encodeTool(
  tool: Tool,
  at: string,
  request: ModelRequest,
  names: ToolNames,
  rules: ModelRules,
  loss: LossReport,
): JsonObject | undefined {
  reportForeign(tool.extensions, wire, at, loss);
  const name = names.encode(tool.name);
  switch (tool.kind) {
    case 'function':
      return {
        type: 'function',
        function: defined({
          ...tool.extensions?.[wire],
          name,
          description: tool.description,
          parameters: tool.parameters,
          strict: tool.strict,
        }),
      };
    case 'freeform':
      return {
        type: 'custom',
        custom: defined({
          name,
          description: tool.description,
          format: tool.grammar === undefined ? undefined : { type: 'grammar', grammar: tool.grammar },
        }),
      };
    case 'web-search':
      if (!rules.webSearch) dropTool(tool, at, request, loss, 'the upstream model has no web search');
      return undefined;
    case 'opaque':
      if (tool.wire === wire) return tool.value;
      dropTool(tool, at, request, loss, `only ${tool.wire} has this tool`);
      return undefined;
  }
}

function encodeChoice(choice: ToolChoice, tools: readonly Tool[], names: ToolNames): unknown {
  switch (choice.kind) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.kind;
    case 'tool':
      return encodeName(choice.name, tools, names);
    case 'allowed':
      return {
        type: 'allowed_tools',
        allowed_tools: {
          mode: choice.required ? 'required' : 'auto',
          tools: choice.names.map((name) => encodeName(name, tools, names)),
        },
      };
  }
}

function encodeName(name: string, tools: readonly Tool[], names: ToolNames): JsonObject {
  const type = tools.find((tool) => tool.name === name)?.kind === 'freeform' ? 'custom' : 'function';
  return { type, [type]: { name: names.encode(name) } };
}

function encodeWebSearch(tool: Extract<Tool, { kind: 'web-search' }>): JsonObject {
  return defined({
    search_context_size: tool.contextSize,
    user_location:
      tool.location === undefined ? undefined : { type: 'approximate', approximate: tool.location },
  });
}
