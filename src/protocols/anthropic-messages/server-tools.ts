// Blocks that only Anthropic understands, in words: what a model of another vendor should read in their place.
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';

/** Empty for blocks that say nothing to anybody else. */
export function describeBlock(block: JsonObject): string {
  const { content } = block;
  switch (block['type']) {
    case 'server_tool_use':
    case 'mcp_tool_use':
      return describeUse(block);
    case 'web_search_tool_result':
      return lines(
        'Search results:',
        list(content).map((result) => `- ${text(result['title'])} (${text(result['url'])})`),
        content,
      );
    case 'tool_search_tool_result': {
      const found = isObject(content) ? list(content['tool_references']) : [];
      return lines(
        'Tools found:',
        found.map((tool) => `- ${text(tool['tool_name'])}`),
        content,
      );
    }
    case 'tool_reference':
      return `Tool available: ${text(block['tool_name'])}`;
    case 'web_fetch_tool_result':
      return describeFetch(content);
    case 'code_execution_tool_result':
    case 'bash_code_execution_tool_result':
    case 'text_editor_code_execution_tool_result':
      return isObject(content) ? describeRun(content) : '';
    case 'mcp_tool_result':
      return lines(
        'Tool result:',
        typeof content === 'string' ? [content] : list(content).map((part) => text(part['text'])),
        content,
      );
    case 'search_result':
      return lines(
        `${text(block['title'])} (${text(block['source'])})`,
        list(content).map((part) => text(part['text'])),
        content,
      );
    case 'document':
      return list(isObject(block['source']) ? block['source']['content'] : [])
        .map((part) => text(part['text']))
        .join('\n\n');
    case 'compaction':
      return text(content);
    default:
      return '';
  }
}

function describeUse(block: JsonObject): string {
  const input = isObject(block['input']) ? block['input'] : {};
  if (typeof input['query'] === 'string') return `Searched for: ${input['query']}`;
  if (typeof input['url'] === 'string') return `Fetched: ${input['url']}`;
  return `Used ${text(block['name'])}: ${JSON.stringify(input)}`;
}

function describeFetch(content: unknown): string {
  if (!isObject(content)) return '';
  const document = isObject(content['content']) ? content['content'] : {};
  const source = isObject(document['source']) ? document['source'] : {};
  const body = source['type'] === 'text' ? text(source['data']) : '';
  return lines(`Fetched page ${text(content['url'])} ${text(document['title'])}`.trim(), [body], content);
}

function describeRun(content: JsonObject): string {
  const parts = ['stdout', 'stderr', 'content']
    .map((field) => text(content[field]))
    .filter((part) => part !== '');
  return lines('Execution result:', parts, content);
}

/** A heading and what stands below it; an error code where there is one. */
function lines(heading: string, body: readonly string[], content: unknown): string {
  const code =
    isObject(content) && typeof content['error_code'] === 'string' ? `failed: ${content['error_code']}` : '';
  return [heading, ...body, code].filter((line) => line !== '').join('\n');
}

function list(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isObject) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
