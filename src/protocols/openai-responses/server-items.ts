// Items that only OpenAI's own servers understand, in words: what a model of another vendor should read in their place.
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** Empty for items that say nothing to anybody else. */
export function describeItem(item: JsonObject): string {
  switch (item['type']) {
    case 'web_search_call':
    case 'x_search_call':
      return describeSearch(item);
    case 'file_search_call':
      return lines(
        `Searched files for: ${texts(item['queries']).join('; ')}`,
        list(item['results']).map((found) => `- ${text(found['filename'])}: ${text(found['text'])}`),
      );
    case 'code_interpreter_call':
      return lines('Ran code:', [
        text(item['code']),
        ...list(item['outputs']).map((output) => text(output['logs'])),
      ]);
    case 'image_generation_call':
      return lines('Generated an image.', [text(item['revised_prompt'])]);
    case 'mcp_call':
      return lines(`Used ${text(item['server_label'])}.${text(item['name'])}: ${text(item['arguments'])}`, [
        text(item['output']),
        typeof item['error'] === 'string' ? `failed: ${item['error']}` : '',
      ]);
    case 'mcp_approval_request':
      return `Asked to use ${text(item['server_label'])}.${text(item['name'])}: ${text(item['arguments'])}`;
    case 'mcp_approval_response':
      return lines(item['approve'] === true ? 'Approved.' : 'Not approved.', [text(item['reason'])]);
    case 'computer_call': {
      const actions = isObject(item['action']) ? [item['action']] : list(item['actions']);
      return lines(
        'Used the computer:',
        actions.map((action) => JSON.stringify(action)),
      );
    }
    case 'tool_search_output':
      return lines(
        'Tools found:',
        list(item['tools']).map((tool) => `- ${text(tool['name'])}`),
      );
    default:
      return '';
  }
}

function describeSearch(item: JsonObject): string {
  const action = isObject(item['action']) ? item['action'] : {};
  const url = text(action['url']);
  if (action['type'] === 'open_page') return `Opened ${url}`;
  if (action['type'] === 'find_in_page') return `Looked for "${text(action['pattern'])}" in ${url}`;
  const queries = [text(action['query']), ...texts(action['queries'])].filter((query) => query !== '');
  if (queries.length === 0) return '';
  return lines(
    `Searched for: ${[...new Set(queries)].join('; ')}`,
    list(action['sources']).map((source) => `- ${text(source['url'])}`),
  );
}

function lines(heading: string, body: readonly string[]): string {
  return [heading, ...body].filter((line) => line !== '').join('\n');
}

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isObject) : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as unknown[]).filter((one) => typeof one === 'string') : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
