// Tools and tool choice of Gemini ⇄ the hub.
import { dropTool } from '../../ir/drop-tool.ts';
import { extend } from '../../ir/extensions.ts';
import { wrapFreeform } from '../../ir/freeform.ts';
import { reportForeign } from '../../ir/loss.ts';
import type { LossReport } from '../../ir/loss.ts';
import { demandObject, demandString, join, readArray, readObject, readString, wrong } from '../../ir/read.ts';
import type { ModelRequest } from '../../ir/request.ts';
import { createToolNames } from '../../ir/tool-names.ts';
import type { ToolNames } from '../../ir/tool-names.ts';
import type { FunctionTool, Tool, ToolChoice } from '../../ir/tools.ts';
import { defined, isObject, omitKnown } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ModelRules } from '../protocol.ts';
import { fromGoogle, readSchema } from './schema.ts';
import { declarationFields, wire } from './wire.ts';

export function decodeTools(body: JsonObject): readonly Tool[] {
  const { tools } = body;
  const list = isObject(tools) ? [tools] : (readArray(body, 'tools', '') ?? []);
  return list.flatMap((value, index) =>
    decodeTool(demandObject(value, `tools[${index}]`), `tools[${index}]`),
  );
}

/** One entry may hold several tools: declarations, and Google's own by name. */
function decodeTool(entry: JsonObject, at: string): readonly Tool[] {
  const declared = (readArray(entry, 'functionDeclarations', at) ?? []).map((value, index) =>
    decodeDeclaration(
      demandObject(value, `${at}.functionDeclarations[${index}]`),
      `${at}.functionDeclarations[${index}]`,
    ),
  );
  const own = Object.entries(entry).flatMap(([name, value]): Tool[] => {
    if (name === 'functionDeclarations' || value === undefined || value === null) return [];
    const raw = { wire, value: { [name]: value } };
    if (name === 'googleSearch' || name === 'googleSearchRetrieval')
      return [{ kind: 'web-search', name: 'web_search', raw }];
    return [{ kind: 'opaque', name, ...raw }];
  });
  return [...declared, ...own];
}

function decodeDeclaration(declaration: JsonObject, at: string): FunctionTool {
  const older = readObject(declaration, 'parameters', at);
  const newer = readObject(declaration, 'parametersJsonSchema', at);
  return defined({
    kind: 'function' as const,
    name: demandString(declaration, 'name', at),
    description: readString(declaration, 'description', at),
    parameters: newer ? readSchema(newer) : older && fromGoogle(older),
    extensions: extend(wire, omitKnown(declaration, declarationFields)),
  });
}

export function decodeChoice(body: JsonObject): ToolChoice | undefined {
  const config = readObject(body, 'toolConfig', '');
  const at = 'toolConfig.functionCallingConfig';
  const calling = config && readObject(config, 'functionCallingConfig', 'toolConfig');
  if (calling === undefined) return undefined;
  const names = (readArray(calling, 'allowedFunctionNames', at) ?? []).map((name) =>
    typeof name === 'string' ? name : wrong(join(at, 'allowedFunctionNames'), 'a list of names'),
  );
  const [first] = names;
  switch (readString(calling, 'mode', at)?.toUpperCase()) {
    case undefined:
    case 'MODE_UNSPECIFIED':
      return undefined;
    case 'AUTO':
      return { kind: 'auto' };
    case 'NONE':
      return { kind: 'none' };
    case 'ANY':
      if (first === undefined) return { kind: 'required' };
      return names.length === 1 ? { kind: 'tool', name: first } : { kind: 'allowed', names, required: true };
    case 'VALIDATED':
      return first === undefined ? { kind: 'auto' } : { kind: 'allowed', names, required: false };
    default:
      return wrong(join(at, 'mode'), 'one of AUTO, ANY, NONE, VALIDATED');
  }
}

/** Names begin with a letter; older services take 64 signs. */
export function createNames(): ToolNames {
  const inner = createToolNames(/^[\w.:-]+$/, 64);
  const marked = new Map<string, string>();
  return {
    encode(name) {
      if (/^[a-z_]/i.test(name)) return inner.encode(name);
      const changed = inner.encode(`_${name}`);
      marked.set(changed, name);
      return changed;
    },
    decode: (name) => marked.get(name) ?? inner.decode(name),
  };
}

export interface EncodedTools {
  readonly tools?: readonly JsonObject[];
  readonly toolConfig?: JsonObject;
  readonly freeform: ReadonlySet<string>;
}

export function encodeTools(
  request: ModelRequest,
  names: ToolNames,
  rules: ModelRules,
  loss: LossReport,
): EncodedTools {
  const declarations: JsonObject[] = [];
  const own: JsonObject[] = [];
  const freeform = new Set<string>();
  const hasFunctions = request.tools.some(({ kind }) => kind === 'function' || kind === 'freeform');
  request.tools.forEach((tool, index) => {
    const at = `tools[${index}]`;
    reportForeign(tool.extensions, wire, at, loss);
    if (tool.kind === 'function') {
      declarations.push(encodeDeclaration(tool, names));
      if (tool.strict) loss.add(`${at}.strict`, 'Gemini guarantees no schema of arguments');
    } else if (tool.kind === 'freeform') {
      freeform.add(names.encode(tool.name));
      declarations.push(encodeDeclaration(wrapFreeform(tool), names));
    } else if (tool.kind === 'opaque' && tool.wire !== wire)
      dropTool(tool, at, request, loss, `only ${tool.wire} has this tool`);
    else if (hasFunctions && !rules.mixedTools)
      dropTool(tool, at, request, loss, 'the model takes no tools of Google beside functions');
    else own.push(tool.kind === 'opaque' ? tool.value : encodeSearch(tool));
  });
  const tools = [...(declarations.length === 0 ? [] : [{ functionDeclarations: declarations }]), ...own];
  if (request.parallelTools === false && declarations.length > 0)
    loss.add('parallelTools', 'Gemini cannot be told to make one call at a time');
  const choice = declarations.length === 0 ? undefined : request.toolChoice;
  const toolConfig = defined({
    functionCallingConfig: choice && encodeChoice(choice, names),
    includeServerSideToolInvocations: declarations.length > 0 && own.length > 0 ? true : undefined,
  });
  return defined({
    tools: tools.length === 0 ? undefined : tools,
    toolConfig: Object.keys(toolConfig).length === 0 ? undefined : toolConfig,
    freeform,
  });
}

function encodeDeclaration(tool: FunctionTool, names: ToolNames): JsonObject {
  const { description, parameters, extensions } = tool;
  return defined({
    ...extensions?.[wire],
    name: names.encode(tool.name),
    description,
    parametersJsonSchema: parameters,
  });
}

function encodeSearch({ raw }: Extract<Tool, { kind: 'web-search' }>): JsonObject {
  return raw?.wire === wire ? raw.value : { googleSearch: {} };
}

function encodeChoice(choice: ToolChoice, names: ToolNames): JsonObject {
  switch (choice.kind) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [names.encode(choice.name)] };
    case 'allowed':
      return {
        mode: choice.required ? 'ANY' : 'VALIDATED',
        allowedFunctionNames: choice.names.map((name) => names.encode(name)),
      };
  }
}
