// How free a model is to call tools, as Responses says it ⇄ the hub.
import { demandObject, demandString, readArray, readString, wrong } from '../../ir/read.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import type { Tool, ToolChoice } from '../../ir/tools.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { flattenName } from './namespace.ts';
import { wire } from './wire.ts';

export function decodeChoice(body: JsonObject, tools: readonly Tool[]): ToolChoice | undefined {
  const value = body['tool_choice'];
  switch (value) {
    case undefined:
    case null:
      return undefined;
    case 'auto':
      return { kind: 'auto' };
    case 'none':
      return { kind: 'none' };
    case 'required':
      return { kind: 'required' };
  }
  if (!isObject(value)) return wrong('tool_choice', 'auto, none, required or an object');
  if (value['type'] === 'allowed_tools') {
    const names = (readArray(value, 'tools', 'tool_choice') ?? []).map((tool, i) =>
      readName(tool, `tool_choice.tools[${i}]`, tools),
    );
    return { kind: 'allowed', names, required: value['mode'] === 'required' };
  }
  return { kind: 'tool', name: readName(value, 'tool_choice', tools) };
}

/** `{type: function, name}`, `{type: custom, name}`, a hosted kind by its type alone, an MCP server by its label. */
function readName(value: unknown, at: string, tools: readonly Tool[]): string {
  const choice = demandObject(value, at);
  const type = readString(choice, 'type', at) ?? 'function';
  if (type.startsWith('web_search')) return 'web_search';
  if (type === 'mcp') {
    const label = demandString(choice, 'server_label', at);
    return tools.find(({ name }) => name === `mcp_${label}`)?.name ?? label;
  }
  const name = readString(choice, 'name', at);
  if (name === undefined)
    return type === 'function' || type === 'custom' ? wrong(`${at}.name`, 'a string') : type;
  const flat = flattenName(readString(choice, 'namespace', at), name);
  // Some clients name a tool without the namespace that holds it.
  return tools.find((tool) => tool.name === flat || tool.name.endsWith(`__${flat}`))?.name ?? flat;
}

export function encodeChoice(choice: ToolChoice, tools: readonly Tool[], names: ToolNames): unknown {
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
        mode: choice.required ? 'required' : 'auto',
        tools: choice.names.map((name) => encodeName(name, tools, names)),
      };
  }
}

function encodeName(name: string, tools: readonly Tool[], names: ToolNames): JsonObject {
  const tool = tools.find((one) => one.name === name);
  if (tool?.kind === 'web-search') return { type: 'web_search' };
  if (tool?.kind === 'opaque' && tool.wire === wire) {
    const { type, server_label: label } = tool.value;
    return type === 'mcp' ? { type, server_label: label } : { type };
  }
  return { type: tool?.kind === 'freeform' ? 'custom' : 'function', name: names.encode(name) };
}
