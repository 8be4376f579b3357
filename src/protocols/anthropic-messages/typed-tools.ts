// Tools that Anthropic's models know by type alone and that the client runs itself. Other models get the same tool as
// an ordinary function, so that the client's code keeps working.
import type { FunctionTool } from '../../ir/tools.ts';
import type { JsonObject } from '../../lib/json.ts';

interface TypedTool {
  readonly prefix: string;
  readonly description: string;
  readonly properties: JsonObject;
  readonly required: readonly string[];
}

const text = { type: 'string' };
const whole = { type: 'integer' };

const table: readonly TypedTool[] = [
  {
    prefix: 'bash_',
    description: 'Runs a command in a persistent shell session.',
    properties: { command: text, restart: { type: 'boolean', description: 'Start the session anew.' } },
    required: [],
  },
  {
    prefix: 'text_editor_',
    description: 'Views, creates and edits files.',
    properties: {
      command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert'] },
      path: text,
      view_range: { type: 'array', items: whole },
      file_text: text,
      old_str: text,
      new_str: text,
      insert_line: whole,
      insert_text: text,
    },
    required: ['command', 'path'],
  },
  {
    prefix: 'memory_',
    description: 'Reads and writes files of a memory folder that outlives the conversation.',
    properties: {
      command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] },
      path: text,
      view_range: { type: 'array', items: whole },
      file_text: text,
      old_str: text,
      new_str: text,
      insert_line: whole,
      insert_text: text,
      old_path: text,
      new_path: text,
    },
    required: ['command'],
  },
];

export function typedTool(type: string, name: string): FunctionTool | undefined {
  const found = table.find(({ prefix }) => type.startsWith(prefix));
  if (found === undefined) return undefined;
  const { description, properties, required } = found;
  return { kind: 'function', name, description, parameters: { type: 'object', properties, required } };
}
