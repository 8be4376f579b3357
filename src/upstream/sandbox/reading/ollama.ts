// Reads Ollama's own requests, /api/chat and the older /api/generate.
import type { Ask, OfferedTool, SeenImage } from '../ask.ts';
import { BadAsk, PromptMeter, decodedSize, readModel, readRequiredList } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import { asList, asNumber, asObject, asObjects, asText } from '../json.ts';

export function readOllamaChat(body: JsonObject): Ask {
  const messages = readRequiredList(body, 'messages');
  const meter = new PromptMeter();
  const tools = asObjects(body['tools']).flatMap(readTool);
  meter.tools(tools);
  const lastAssistant = messages.findLastIndex((message) => message['role'] === 'assistant');
  let lastUserText = '';
  let images: SeenImage[] = [];
  const results: { call: string; text: string }[] = [];
  for (const [index, message] of messages.entries()) {
    const content = message['content'] ?? '';
    if (typeof content !== 'string') {
      throw new BadAsk(
        'messages',
        'json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string',
      );
    }
    meter.text(content);
    const pictures = readImages(message['images']).map((image) => meter.image(image));
    for (const call of asObjects(message['tool_calls'])) meter.text(readCall(call));
    if (message['role'] === 'user') {
      lastUserText = content;
      images = pictures;
    }
    if (message['role'] === 'tool' && index > lastAssistant) {
      results.push({
        call: asText(message['tool_call_id']) ?? asText(message['tool_name']) ?? '',
        text: content,
      });
    }
  }
  return { ...readCommon(body), lastUserText, images, tools, results, promptBytes: meter.bytes };
}

export function readOllamaGenerate(body: JsonObject): Ask {
  const meter = new PromptMeter();
  meter.text(asText(body['system']) ?? '');
  const prompt = meter.text(asText(body['prompt']) ?? '');
  const images = readImages(body['images']).map((image) => meter.image(image));
  return {
    ...readCommon(body),
    lastUserText: prompt,
    images,
    tools: [],
    results: [],
    promptBytes: meter.bytes,
  };
}

function readCommon(body: JsonObject) {
  const options = asObject(body['options']) ?? {};
  const predict = asNumber(options['num_predict']);
  const format = body['format'] === 'json' ? {} : asObject(body['format']);
  return {
    model: readModel(body),
    // Alone among the five, this wire streams unless told not to.
    stream: body['stream'] !== false,
    choice: { kind: 'auto' },
    parallel: true,
    ...(format === undefined ? {} : { schema: format }),
    ...(predict === undefined || predict < 0 ? {} : { maxOutput: predict }),
    stop: asList(options['stop']).filter((stop) => typeof stop === 'string'),
    choices: 1,
    reasoning: body['think'] === false ? 'off' : 'shown',
    body,
  } as const;
}

function readTool(tool: JsonObject): OfferedTool[] {
  const inner = asObject(tool['function']);
  const name = asText(inner?.['name']);
  if (!inner || name === undefined) return [];
  return [
    {
      kind: 'function',
      name,
      description: asText(inner['description']) ?? '',
      schema: inner['parameters'] ?? {},
    },
  ];
}

/** Images are bare base64 without a type; the first bytes tell PNG from JPEG. */
function readImages(images: unknown): SeenImage[] {
  return asList(images)
    .filter((image) => typeof image === 'string')
    .map((image) => ({
      mediaType: image.startsWith('iVBORw0KGgo')
        ? 'image/png'
        : image.startsWith('/9j/')
          ? 'image/jpeg'
          : 'image/*',
      bytes: decodedSize(image),
    }));
}

function readCall(call: JsonObject): string {
  const inner = asObject(call['function']);
  return `${asText(inner?.['name']) ?? ''}${JSON.stringify(inner?.['arguments'] ?? {})}`;
}
