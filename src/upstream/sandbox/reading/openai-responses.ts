// Reads a Responses request: items instead of messages, flat tools, namespaces, and tools that travel inside the input.
import type { Ask, OfferedTool, SeenImage, ToolChoice } from '../ask.ts';
import { BadAsk, PromptMeter, readModel, seeImage } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import { checkResponses } from '../refusals.ts';
import { asNumber, asObject, asObjects, asText } from '../json.ts';

const callTypes = new Set([
  'function_call',
  'custom_tool_call',
  'reasoning',
  'local_shell_call',
  'shell_call',
]);
const resultTypes = new Set(['function_call_output', 'custom_tool_call_output']);

export function readResponses(body: JsonObject): Ask {
  const model = readModel(body);
  if (body['previous_response_id'] != null) {
    throw new BadAsk('previous_response_id', 'Previous response not found: this simulator stores nothing.');
  }
  const items = readItems(body['input']);
  checkResponses(items);
  const meter = new PromptMeter();
  meter.text(asText(body['instructions']) ?? '');
  const tools = [
    ...asObjects(body['tools']),
    ...items
      .filter((item) => item['type'] === 'additional_tools')
      .flatMap((item) => asObjects(item['tools'])),
  ].flatMap((tool) => readTool(tool));
  meter.tools(tools);

  const lastModelItem = items.findLastIndex(
    (item) => item['role'] === 'assistant' || callTypes.has(asText(item['type']) ?? ''),
  );
  let lastUserText = '';
  let images: SeenImage[] = [];
  const results: { call: string; text: string }[] = [];
  for (const [index, item] of items.entries()) {
    const type = asText(item['type']) ?? 'message';
    if (type === 'message') {
      const text = meter.text(readText(item['content']));
      const pictures = readImages(item['content']).map((image) => meter.image(image));
      if (item['role'] === 'user') {
        lastUserText = text;
        images = pictures;
      }
    } else if (resultTypes.has(type)) {
      const text = meter.text(readText(item['output']));
      if (index > lastModelItem) results.push({ call: asText(item['call_id']) ?? '', text });
    } else {
      meter.text(asText(item['arguments']) ?? asText(item['input']) ?? '');
    }
  }
  const format = asObject(asObject(body['text'])?.['format']);
  const schema =
    format?.['type'] === 'json_schema'
      ? (format['schema'] ?? {})
      : format?.['type'] === 'json_object'
        ? {}
        : undefined;
  const maxOutput = asNumber(body['max_output_tokens']);
  return {
    model,
    stream: body['stream'] === true,
    lastUserText,
    images,
    tools,
    choice: readChoice(body['tool_choice']),
    parallel: body['parallel_tool_calls'] !== false,
    results,
    ...(schema === undefined ? {} : { schema }),
    ...(maxOutput === undefined ? {} : { maxOutput }),
    stop: [],
    choices: 1,
    reasoning: asObject(body['reasoning'])?.['effort'] === 'none' ? 'off' : 'shown',
    promptBytes: meter.bytes,
    body,
  };
}

function readItems(input: unknown): readonly JsonObject[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  if (Array.isArray(input)) return asObjects(input);
  throw new BadAsk('input', 'input: expected a string or an array of items');
}

function readTool(tool: JsonObject, namespace?: string): OfferedTool[] {
  const name = asText(tool['name']);
  if (name === undefined) return [];
  if (tool['type'] === 'namespace') return asObjects(tool['tools']).flatMap((inner) => readTool(inner, name));
  if (tool['type'] !== 'function' && tool['type'] !== 'custom') return [];
  return [
    {
      kind: tool['type'],
      name,
      ...(namespace === undefined ? {} : { namespace }),
      description: asText(tool['description']) ?? '',
      schema: tool['parameters'] ?? {},
    },
  ];
}

function readChoice(value: unknown): ToolChoice {
  if (value === 'none') return { kind: 'none' };
  if (value === 'required') return { kind: 'any' };
  const choice = asObject(value);
  const name = asText(choice?.['name']);
  return name === undefined ? { kind: 'auto' } : { kind: 'named', name };
}

function readText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asObjects(content)
    .map((part) => asText(part['text']) ?? asText(part['refusal']))
    .filter((text) => text !== undefined)
    .join('\n');
}

function readImages(content: unknown): SeenImage[] {
  return asObjects(content)
    .filter((part) => part['type'] === 'input_image')
    .map((part) => seeImage(asText(part['image_url']) ?? asText(part['file_id']) ?? ''));
}
