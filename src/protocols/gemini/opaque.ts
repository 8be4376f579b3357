// Parts that only Google understands, in words: what a model of another vendor should read in their place.
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** Empty for parts that say nothing to anybody else. */
export function describePart(part: JsonObject): string {
  const { executableCode: code, codeExecutionResult: run, toolCall: call, toolResponse: response } = part;
  if (isObject(code))
    return `Ran this code:\n\`\`\`${text(code['language']).toLowerCase()}\n${text(code['code'])}\n\`\`\``;
  if (isObject(run)) {
    const failed = run['outcome'] !== undefined && run['outcome'] !== 'OUTCOME_OK';
    return `${failed ? 'The execution failed' : 'Execution result'}:\n${text(run['output'])}`.trim();
  }
  if (isObject(call))
    return `Used ${text(call['toolType']) || 'a tool'}: ${JSON.stringify(call['args'] ?? {})}`;
  if (isObject(response)) return `Tool result: ${JSON.stringify(response['response'] ?? {})}`;
  return '';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
