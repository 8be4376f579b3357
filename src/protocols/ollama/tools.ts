// Tools of Ollama ⇄ the hub. There is no tool choice: what is forbidden is not offered, what is demanded is demanded in
// words.
import { dropTool } from '../../ir/drop-tool.ts';
import { extend } from '../../ir/extensions.ts';
import { wrapFreeform } from '../../ir/freeform.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { demandObject, demandString, join, readArray, readObject, readString } from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import type { FunctionTool, Tool, ToolChoice } from '../../ir/tools.ts';
import { defined, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { functionFields, wire } from './wire.ts';

export function decodeTools(body: JsonObject): readonly Tool[] {
  return (readArray(body, 'tools', '') ?? []).map((value, index) => decodeTool(value, `tools[${index}]`));
}

function decodeTool(value: unknown, at: string): Tool {
  const tool = demandObject(value, at);
  const type = readString(tool, 'type', at) ?? 'function';
  if (type !== 'function')
    return { kind: 'opaque', name: readString(tool, 'name', at) ?? type, wire, value: tool };
  const place = join(at, 'function');
  const fn = demandObject(tool['function'], place);
  return defined({
    kind: 'function' as const,
    name: demandString(fn, 'name', place),
    description: readString(fn, 'description', place),
    parameters: readObject(fn, 'parameters', place),
    extensions: extend(wire, omitKnown(fn, functionFields)),
  });
}

export interface OfferedTools {
  readonly tools: readonly JsonObject[];
  /** Names of free-form tools that are offered as functions. */
  readonly freeform: ReadonlySet<string>;
  /** What the system text must add, because the wire cannot say it. */
  readonly demand: string | undefined;
}

export function encodeTools(request: ModelRequest, loss: LossReport): OfferedTools {
  const { toolChoice: choice, parallelTools } = request;
  const freeform = new Set<string>();
  const tools = request.tools
    .map((tool, index) => encodeTool(tool, `tools[${index}]`, request, freeform, loss))
    .filter((tool) => tool !== undefined)
    .filter(({ name }) => isOffered(name, choice))
    .map(({ name, description, parameters, extensions }) => ({
      type: 'function',
      function: defined({
        ...extensions?.[wire],
        name,
        description,
        parameters: parameters ?? { type: 'object', properties: {} },
      }),
    }));
  if (tools.length > 0 && parallelTools === false)
    loss.add('parallelTools', 'Ollama cannot be held to one call at a time');
  const demand = tools.length === 0 ? undefined : demandCall(choice);
  if (demand !== undefined) loss.add('toolChoice', 'a call can only be asked for in words');
  return { tools, freeform, demand };
}

function encodeTool(
  tool: Tool,
  at: string,
  request: ModelRequest,
  freeform: Set<string>,
  loss: LossReport,
): FunctionTool | undefined {
  reportForeign(tool.extensions, wire, at, loss);
  switch (tool.kind) {
    case 'function':
      if (tool.strict) loss.add(`${at}.strict`, 'Ollama does not guarantee arguments');
      return tool;
    case 'freeform':
      freeform.add(tool.name);
      return wrapFreeform(tool);
    case 'web-search':
      return dropTool(tool, at, request, loss, 'this upstream has no web search');
    case 'opaque':
      return dropTool(tool, at, request, loss, `only ${tool.wire} has this tool`);
  }
}

function isOffered(name: string, choice: ToolChoice | undefined): boolean {
  switch (choice?.kind) {
    case 'none':
      return false;
    case 'tool':
      return choice.name === name;
    case 'allowed':
      return choice.names.includes(name);
    default:
      return true;
  }
}

function demandCall(choice: ToolChoice | undefined): string | undefined {
  if (choice?.kind === 'tool') return `Answer with a call of the tool "${choice.name}".`;
  const isForced = choice?.kind === 'required' || (choice?.kind === 'allowed' && choice.required);
  return isForced ? 'Answer with a call of at least one of the tools.' : undefined;
}
