// Tools and tool choice of Responses ⇄ the hub. Namespaces become part of a tool's name there, and what the client calls
// its tools is remembered for the answer.
import { dropTool } from '../../ir/drop-tool.ts';
import { extend } from '../../ir/extensions.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import {
  demandObject,
  demandString,
  readArray,
  readBoolean,
  readObject,
  readOneOf,
  readString,
} from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import type { FreeformTool, FunctionTool, Tool } from '../../ir/tools.ts';
import { defined, isObject, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ClientTool, ModelRules } from '../protocol.ts';
import { encodeChoice } from './choice.ts';
import { flattenName } from './namespace.ts';
import { typedFunction } from './typed-tools.ts';
import { wire } from './wire.ts';

export interface DecodedTools {
  readonly tools: readonly Tool[];
  /** Name in the hub → the client's own spelling, where they differ. */
  readonly spellings: ReadonlyMap<string, ClientTool>;
}

/** `tools`, and those that stand among the items of the input, of which a later definition replaces an earlier one. */
export function decodeTools(body: JsonObject): DecodedTools {
  const spellings = new Map<string, ClientTool>();
  const tools: Tool[] = [];
  const names = new Map<string, number>();
  for (const [i, value] of (readArray(body, 'tools', '') ?? []).entries())
    for (const tool of decodeTool(value, `tools[${i}]`, { names, spellings })) {
      tools.push(tool);
      names.set(tool.name, names.get(tool.name) ?? 1);
    }
  const { input } = body;
  /** Of the names in the list. */
  let places: Map<string, number> | undefined;
  (Array.isArray(input) ? (input as unknown[]) : []).forEach((item, i) => {
    if (!isObject(item) || item['type'] !== 'additional_tools') return;
    const at = `input[${i}]`;
    places ??= new Map(tools.map(({ name }, place) => [name, place]));
    const added = (readArray(item, 'tools', at) ?? []).flatMap((value, j) =>
      decodeTool(value, `${at}.tools[${j}]`, { names: new Map(), spellings }),
    );
    for (const tool of added) {
      const known = places.get(tool.name) ?? tools.length;
      tools[known] = tool;
      places.set(tool.name, known);
    }
  });
  return { tools, spellings };
}

interface Collected {
  /** The names before, and how often each was asked for. */
  readonly names: Map<string, number>;
  readonly spellings: Map<string, ClientTool>;
}

function decodeTool(value: unknown, at: string, collected: Collected): readonly Tool[] {
  const tool = demandObject(value, at);
  const type = readString(tool, 'type', at) ?? 'function';
  switch (type) {
    case 'function':
    case 'custom':
      return [decodeOwn(tool, at, undefined, collected.spellings)];
    case 'namespace': {
      const namespace = demandString(tool, 'name', at);
      const about = readString(tool, 'description', at) ?? '';
      const inner = (readArray(tool, 'tools', at) ?? []).map((one, i) => {
        const path = `${at}.tools[${i}]`;
        return decodeOwn(demandObject(one, path), path, namespace, collected.spellings);
      });
      // What is said about all of them is said with the first.
      return inner.map((one, i) =>
        i > 0 || about === '' ? one : { ...one, description: joinWords(about, one.description) },
      );
    }
    default: {
      if (type.startsWith('web_search')) return [decodeSearch(tool, at)];
      const typed = typedFunction(type);
      if (typed === undefined)
        return [{ kind: 'opaque', name: nameOpaque(tool, type, collected.names), wire, value: tool }];
      collected.spellings.set(typed.name, { name: typed.name, type });
      return [defined({ ...typed, extensions: extend(wire, omitKnown(tool, typeOnly)) })];
    }
  }
}

const typeOnly: ReadonlySet<string> = new Set(['type', 'environment']);
const functionFields: ReadonlySet<string> = new Set(['type', 'name', 'description', 'parameters', 'strict']);
const customFields: ReadonlySet<string> = new Set(['type', 'name', 'description', 'format']);
const searchFields: ReadonlySet<string> = new Set(['type', 'search_context_size', 'user_location']);

function joinWords(about: string, description: string | undefined): string {
  return description === undefined || description === '' ? about : `${about}\n\n${description}`;
}

/** Two tools of one hosted kind (two MCP servers) must not look like copies of each other. */
function nameOpaque(tool: JsonObject, type: string, names: Map<string, number>): string {
  const label = tool['server_label'];
  const base = typeof label === 'string' ? `${type}_${label}` : type;
  let count = names.get(base);
  if (count === undefined) return base;
  do count++;
  while (names.has(`${base}#${count}`));
  names.set(base, count);
  return `${base}#${count}`;
}

function decodeOwn(
  tool: JsonObject,
  at: string,
  namespace: string | undefined,
  spellings: Map<string, ClientTool>,
): FunctionTool | FreeformTool {
  const own = demandString(tool, 'name', at);
  const name = flattenName(namespace, own);
  if (namespace !== undefined) spellings.set(name, { name: own, namespace });
  const description = readString(tool, 'description', at);
  if (tool['type'] !== 'custom') {
    return defined({
      kind: 'function' as const,
      name,
      description,
      parameters: readObject(tool, 'parameters', at),
      // Left out it means "if possible": nothing that must be guaranteed.
      strict: readBoolean(tool, 'strict', at) === true ? true : undefined,
      extensions: extend(wire, omitEmpty(omitKnown(tool, functionFields))),
    });
  }
  const format = readObject(tool, 'format', at);
  const grammar = format?.['type'] === 'grammar' ? format : undefined;
  return defined({
    kind: 'freeform' as const,
    name,
    description,
    grammar:
      grammar === undefined
        ? undefined
        : {
            syntax: demandString(grammar, 'syntax', `${at}.format`),
            definition: demandString(grammar, 'definition', `${at}.format`),
          },
    extensions: extend(wire, omitEmpty(omitKnown(tool, customFields))),
  });
}

/** Members that say nothing: null, and the false of a switch. */
function omitEmpty(fields: JsonObject | undefined): JsonObject | undefined {
  const told = Object.entries(fields ?? {}).filter(([, value]) => value !== null && value !== false);
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

function decodeSearch(tool: JsonObject, at: string): Tool {
  const found = readObject(tool, 'user_location', at);
  const location = found === undefined ? undefined : omitKnown(found, new Set(['type']));
  return defined({
    kind: 'web-search' as const,
    name: 'web_search',
    contextSize: readOneOf(tool, 'search_context_size', ['low', 'medium', 'high'], at),
    location,
    raw: { wire, value: tool },
    extensions: extend(wire, omitEmpty(omitKnown(tool, searchFields))),
  });
}

/** `tools`, `tool_choice` and `parallel_tool_calls` of a request. */
export function encodeTools(
  request: ModelRequest,
  names: ToolNames,
  rules: ModelRules,
  loss: LossReport,
): JsonObject {
  const tools = request.tools
    .map((tool, index) => encodeTool(tool, `tools[${index}]`, request, names, rules, loss))
    .filter((tool) => tool !== undefined);
  if (tools.length === 0) return {};
  const { toolChoice: choice } = request;
  return defined({
    tools,
    tool_choice: choice === undefined ? undefined : encodeChoice(choice, request.tools, names),
    parallel_tool_calls: request.parallelTools,
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
  const own = tool.extensions?.[wire];
  const { description } = tool;
  switch (tool.kind) {
    case 'function':
      return defined({
        type: 'function',
        ...own,
        name: names.encode(tool.name),
        description,
        parameters: tool.parameters ?? { type: 'object', properties: {} },
        // Left out it would mean "try": a schema that nobody promised to keep may not fit.
        strict: tool.strict ?? false,
      });
    case 'freeform':
      return defined({
        type: 'custom',
        ...own,
        name: names.encode(tool.name),
        description,
        format: tool.grammar === undefined ? undefined : { type: 'grammar', ...tool.grammar },
      });
    case 'web-search':
      if (tool.raw?.wire === wire) return tool.raw.value;
      if (!rules.hostedSearch)
        return dropTool(tool, at, request, loss, 'the upstream model has no web search');
      return defined({
        type: 'web_search',
        search_context_size: tool.contextSize,
        user_location: tool.location === undefined ? undefined : { type: 'approximate', ...tool.location },
      });
    case 'opaque':
      if (tool.wire === wire) return tool.value;
      return dropTool(tool, at, request, loss, `only ${tool.wire} has this tool`);
  }
}
