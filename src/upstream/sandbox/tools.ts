// Which of the offered tools the simulated model calls, and with what: something harmless that proves the loop works.
import type { Ask, OfferedTool } from './ask.ts';
import { asObject, asText } from './json.ts';
import { instantiate } from './schema-instance.ts';

/** What a shell tool is asked to run; suites look for its output in the next request. */
export const markerCommand = 'echo tool-ran-ok';

/** Shell tools of the known agents, best first. */
const shellNames = [
  'bash',
  'exec_command',
  'run_shell_command',
  'run_commands',
  'execute_command',
  'run_command',
  'shell',
  'run_terminal_command',
  'exec',
];

/** Names of the member that takes the command line. */
const commandMembers = ['command', 'cmd', 'commands', 'script', 'input'];

/** The tool that the model calls: the forced one, else a shell, else the first; undefined when none may be called. */
export function pickTool(ask: Ask): OfferedTool | undefined {
  const { choice } = ask;
  if (choice.kind === 'none') return undefined;
  if (choice.kind === 'named') return ask.tools.find((tool) => tool.name === choice.name);
  for (const name of shellNames) {
    const found = ask.tools.find((tool) => bareName(tool) === name);
    if (found) return found;
  }
  return ask.tools.find((tool) => tool.kind === 'function') ?? ask.tools[0];
}

// Codex's `exec` takes JavaScript that reaches the shell through an object called tools, also where a gateway offers it as
// a function with one string.
const execScript = `const result = await tools.exec_command({ cmd: ${JSON.stringify(markerCommand)} });\ntext(JSON.stringify(result));`;

/** In lower case, without the namespace that a gateway writes in front (`functions__exec`). */
function bareName({ name }: OfferedTool): string {
  const border = name.lastIndexOf('__');
  return (border < 0 ? name : name.slice(border + 2)).toLowerCase();
}

/** What the call carries: JSON text for a function, free text for a custom tool. */
export function composeInput(tool: OfferedTool): string {
  if (tool.kind === 'custom') {
    return bareName(tool) === 'exec' ? execScript : markerCommand;
  }
  const base = asObject(instantiate(tool.schema)) ?? {};
  if (!shellNames.includes(bareName(tool))) return JSON.stringify(base);
  const properties = asObject(asObject(tool.schema)?.['properties']) ?? {};
  const member = commandMembers.find((name) => Object.hasOwn(properties, name));
  if (member === undefined) return JSON.stringify({ ...base, command: markerCommand });
  if (bareName(tool) === 'exec' && member === 'input') return JSON.stringify({ ...base, input: execScript });
  const type = asText(asObject(properties[member])?.['type'])?.toLowerCase();
  // An argv list goes to a real shell, a list of commands holds one command.
  const value =
    type !== 'array'
      ? markerCommand
      : member === 'commands'
        ? [markerCommand]
        : ['bash', '-lc', markerCommand];
  return JSON.stringify({ ...base, [member]: value });
}
