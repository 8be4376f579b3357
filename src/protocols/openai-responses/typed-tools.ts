// Tools that OpenAI's models know by type alone and that the client runs itself: shells and patches. Other models get
// the same tool as an ordinary function; its calls come back as the items that the client's code waits for.
import type { FunctionTool } from '../../ir/tools.ts';
import { defined, isObject, parseJson } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

export interface TypedTool {
  /** `type` of the definition and name of the function that stands for it. */
  readonly type: string;
  readonly description: string;
  readonly parameters: JsonObject;
  /** Type of the item that calls it, and the start of the item's id. */
  readonly call: string;
  readonly prefix: string;
  /** Field of the item that holds what the model wants. */
  readonly field: string;
  /** What else the types of the item require. */
  readonly members?: JsonObject;
  /** That field from the arguments of the function. */
  readonly write: (input: JsonObject) => JsonObject;
  /** What the client reports, as text. */
  readonly readResult: (item: JsonObject) => string;
}

const text = { type: 'string' };
const whole = { type: 'integer' };

const table: readonly TypedTool[] = [
  {
    type: 'local_shell',
    description: 'Runs one command on the machine of the user and returns its output.',
    parameters: {
      type: 'object',
      properties: {
        command: { type: 'array', items: text, description: 'Program and arguments.' },
        working_directory: text,
        timeout_ms: whole,
        env: { type: 'object', additionalProperties: text },
      },
      required: ['command'],
    },
    call: 'local_shell_call',
    prefix: 'lsh_',
    field: 'action',
    write: (input) => ({ env: {}, ...input, type: 'exec' }),
    readResult: ({ output }) => (typeof output === 'string' ? output : JSON.stringify(output ?? '')),
  },
  {
    type: 'shell',
    description: 'Runs shell commands one after the other and returns what each printed.',
    parameters: {
      type: 'object',
      properties: {
        commands: { type: 'array', items: text },
        timeout_ms: whole,
        max_output_length: whole,
      },
      required: ['commands'],
    },
    call: 'shell_call',
    prefix: 'sh_',
    field: 'action',
    members: { environment: null },
    write: (input) => ({ timeout_ms: null, max_output_length: null, ...input }),
    readResult: readShell,
  },
  {
    type: 'apply_patch',
    description:
      'Creates, changes or deletes one file. `diff` is in the V4A format: the lines of a new file each begin with "+"; ' +
      'a change is made of hunks that begin with "@@" and hold lines of context, of "-" and of "+".',
    parameters: {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['create_file', 'update_file', 'delete_file'] },
        path: text,
        diff: { ...text, description: 'Not for delete_file.' },
      },
      required: ['type', 'path'],
    },
    call: 'apply_patch_call',
    prefix: 'apc_',
    field: 'operation',
    write: (input) => input,
    readResult: ({ output, status }) =>
      typeof output === 'string' && output !== '' ? output : String(status ?? 'completed'),
  },
];

/** The function that stands for a definition of such a tool. */
export function typedFunction(type: string): FunctionTool | undefined {
  const found = table.find((tool) => tool.type === type);
  if (found === undefined) return undefined;
  const { description, parameters } = found;
  return { kind: 'function', name: found.type, description, parameters };
}

export function typedTool(type: string): TypedTool | undefined {
  return table.find((tool) => tool.type === type);
}

/** The tool whose calls are items of this type. */
export function toolOfCall(item: string): TypedTool | undefined {
  return table.find(({ call }) => call === item);
}

/** The tool whose results are items of this type. */
export function toolOfResult(item: string): TypedTool | undefined {
  return table.find(({ call }) => `${call}_output` === item);
}

/** Arguments of the function for an item, without what is null. */
export function readTypedCall(tool: TypedTool, item: JsonObject): string {
  const field = item[tool.field];
  const input = isObject(field) ? field : {};
  const said = Object.entries(input).filter(([key, value]) => value !== null && !isFixed(tool, key));
  return JSON.stringify(Object.fromEntries(said));
}

/** The member of the item that a call with these arguments becomes; undefined when they are no object. */
export function writeTypedCall(tool: TypedTool, args: string): JsonObject | undefined {
  const input = parseJson(args);
  return isObject(input) ? { [tool.field]: tool.write(input), ...tool.members } : undefined;
}

/** `action.type` is always the same word; `operation.type` says what to do. */
function isFixed(tool: TypedTool, key: string): boolean {
  return key === 'type' && tool.field === 'action';
}

function readShell({ output }: JsonObject): string {
  if (typeof output === 'string') return output;
  const runs = Array.isArray(output) ? (output as unknown[]).filter(isObject) : [];
  return runs
    .map(({ stdout, stderr, outcome }) => {
      const ended = isObject(outcome) ? outcome : {};
      const lines = defined({
        stdout: typeof stdout === 'string' && stdout !== '' ? stdout : undefined,
        stderr: typeof stderr === 'string' && stderr !== '' ? `stderr:\n${stderr}` : undefined,
        end:
          ended['type'] === 'timeout'
            ? '(timed out)'
            : typeof ended['exit_code'] === 'number' && ended['exit_code'] !== 0
              ? `(exit code ${ended['exit_code']})`
              : undefined,
      });
      return Object.values(lines).join('\n');
    })
    .join('\n\n');
}
