// Reads a Messages request, in both published versions of the API.
import type { Ask, OfferedTool, SeenImage, ToolChoice } from '../ask.ts';
import { BadAsk, PromptMeter, decodedSize, readModel, readRequiredList } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import { checkMessages } from '../refusals.ts';
import { asList, asNumber, asObject, asObjects, asText } from '../json.ts';

/** @param counting - true for count_tokens, which takes the same body without `max_tokens`. */
export function readMessages(body: JsonObject, counting = false): Ask {
  const model = readModel(body);
  const maxOutput = asNumber(body['max_tokens']);
  if (maxOutput === undefined && !counting) throw new BadAsk('max_tokens', 'max_tokens: Field required');
  const messages = readRequiredList(body, 'messages');
  if (messages.length === 0) throw new BadAsk('messages', 'messages: at least one message is required');
  checkMessages(messages);
  const meter = new PromptMeter();
  meter.text(readText(body['system']));
  const tools = asObjects(body['tools']).flatMap(readTool);
  meter.tools(tools);

  const lastAssistant = messages.findLastIndex((message) => message['role'] === 'assistant');
  let lastUserText = '';
  let images: SeenImage[] = [];
  const results: { call: string; text: string }[] = [];
  for (const [index, message] of messages.entries()) {
    const text = meter.text(readText(message['content']));
    const pictures = readImages(message['content']).map((image) => meter.image(image));
    for (const block of asObjects(message['content'])) {
      if (block['type'] === 'tool_use')
        meter.text(`${asText(block['name'])}${JSON.stringify(block['input'])}`);
      if (block['type'] !== 'tool_result') continue;
      const output = meter.text(readText(block['content']));
      if (index > lastAssistant) results.push({ call: asText(block['tool_use_id']) ?? '', text: output });
    }
    // A user message that only carries results is not something the user said.
    if (message['role'] === 'user' && (text !== '' || pictures.length > 0)) {
      lastUserText = text;
      images = pictures;
    }
  }
  const format = asObject(asObject(body['output_config'])?.['format'] ?? body['output_format']);
  const thinking = asObject(body['thinking']);
  return {
    model,
    stream: body['stream'] === true,
    lastUserText,
    images,
    tools,
    choice: readChoice(body['tool_choice']),
    parallel: asObject(body['tool_choice'])?.['disable_parallel_tool_use'] !== true,
    results,
    ...(format?.['type'] === 'json_schema' ? { schema: format['schema'] ?? {} } : {}),
    ...(maxOutput === undefined ? {} : { maxOutput }),
    stop: asList(body['stop_sequences']).filter((stop) => typeof stop === 'string'),
    choices: 1,
    reasoning:
      thinking?.['type'] === 'disabled' ? 'off' : thinking?.['display'] === 'omitted' ? 'hidden' : 'shown',
    promptBytes: meter.bytes,
    body,
  };
}

function readTool(tool: JsonObject): OfferedTool[] {
  const name = asText(tool['name']);
  // Typed tools that Anthropic runs itself have a dated type and no schema.
  if (name === undefined || asObject(tool['input_schema']) === undefined) return [];
  return [
    { kind: 'function', name, description: asText(tool['description']) ?? '', schema: tool['input_schema'] },
  ];
}

function readChoice(value: unknown): ToolChoice {
  const choice = asObject(value);
  if (choice?.['type'] === 'none') return { kind: 'none' };
  if (choice?.['type'] === 'any') return { kind: 'any' };
  const name = asText(choice?.['name']);
  return choice?.['type'] === 'tool' && name !== undefined ? { kind: 'named', name } : { kind: 'auto' };
}

function readText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asObjects(content)
    .filter((block) => block['type'] === 'text')
    .map((block) => asText(block['text']) ?? '')
    .join('\n');
}

function readImages(content: unknown): SeenImage[] {
  return asObjects(content)
    .filter((block) => block['type'] === 'image')
    .map((block) => {
      const source = asObject(block['source']);
      const data = asText(source?.['data']);
      const mediaType = asText(source?.['media_type']) ?? 'image/*';
      if (data !== undefined) return { mediaType, bytes: decodedSize(data) };
      return { mediaType, url: asText(source?.['url']) ?? asText(source?.['file_id']) ?? '' };
    });
}
