// Reads a Chat Completions request.
import type { Ask, OfferedTool, SeenImage, ToolChoice } from '../ask.ts';
import { BadAsk, PromptMeter, readModel, readRequiredList, seeImage } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import { checkChat } from '../refusals.ts';
import { asList, asNumber, asObject, asObjects, asText } from '../json.ts';

export function readChat(body: JsonObject): Ask {
  const model = readModel(body);
  const messages = readRequiredList(body, 'messages');
  if (messages.length === 0) throw new BadAsk('messages', 'messages: expected at least one message');
  checkChat(messages);
  const meter = new PromptMeter();
  const tools = asObjects(body['tools']).flatMap(readTool);
  meter.tools(tools);

  const lastAssistant = messages.findLastIndex((message) => message['role'] === 'assistant');
  let lastUserText = '';
  let images: SeenImage[] = [];
  const results: { call: string; text: string }[] = [];
  for (const [index, message] of messages.entries()) {
    const text = meter.text(readText(message['content']));
    const pictures = readImages(message['content']).map((image) => meter.image(image));
    for (const call of asObjects(message['tool_calls'])) meter.text(readArguments(call));
    if (message['role'] === 'user') {
      lastUserText = text;
      images = pictures;
    }
    if ((message['role'] === 'tool' || message['role'] === 'function') && index > lastAssistant) {
      results.push({ call: asText(message['tool_call_id']) ?? asText(message['name']) ?? '', text });
    }
  }
  const format = asObject(body['response_format']);
  const schema =
    format?.['type'] === 'json_schema'
      ? (asObject(format['json_schema'])?.['schema'] ?? {})
      : format?.['type'] === 'json_object'
        ? {}
        : undefined;
  const maxOutput = asNumber(body['max_completion_tokens']) ?? asNumber(body['max_tokens']);
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
    stop: [body['stop'] ?? []].flat().filter((stop) => typeof stop === 'string'),
    choices: asNumber(body['n']) ?? 1,
    reasoning: body['reasoning_effort'] === 'none' ? 'off' : 'shown',
    promptBytes: meter.bytes,
    body,
  };
}

function readTool(tool: JsonObject): OfferedTool[] {
  const kind = tool['type'] === 'custom' ? 'custom' : 'function';
  const inner = asObject(tool[kind]);
  const name = asText(inner?.['name']);
  if (!inner || name === undefined) return [];
  const description = asText(inner['description']) ?? '';
  return [{ kind, name, description, schema: inner['parameters'] ?? {} }];
}

function readChoice(value: unknown): ToolChoice {
  if (value === 'none') return { kind: 'none' };
  if (value === 'required') return { kind: 'any' };
  const choice = asObject(value);
  const name = asText(asObject(choice?.['function'] ?? choice?.['custom'])?.['name']);
  if (name !== undefined) return { kind: 'named', name };
  if (choice?.['type'] !== 'allowed_tools') return { kind: 'auto' };
  const allowed = asObject(choice['allowed_tools']);
  const first = asObjects(allowed?.['tools'])[0];
  const only = asText(asObject(first?.['function'])?.['name']);
  return only !== undefined && allowed?.['mode'] === 'required'
    ? { kind: 'named', name: only }
    : { kind: 'auto' };
}

function readText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asList(content)
    .map((part) => asText(asObject(part)?.['text']))
    .filter((text) => text !== undefined)
    .join('\n');
}

function readImages(content: unknown): SeenImage[] {
  return asObjects(content)
    .filter((part) => part['type'] === 'image_url')
    .map((part) => seeImage(asText(asObject(part['image_url'])?.['url']) ?? ''));
}

function readArguments(call: JsonObject): string {
  const inner = asObject(call['function']) ?? asObject(call['custom']);
  return `${asText(inner?.['name']) ?? ''}${asText(inner?.['arguments']) ?? asText(inner?.['input']) ?? ''}`;
}
