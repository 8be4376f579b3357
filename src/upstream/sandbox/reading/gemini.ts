// Reads a generateContent request. The API takes snake_case beside camelCase, so the reader does too.
import type { Ask, OfferedTool, SeenImage, ToolChoice } from '../ask.ts';
import { PromptMeter, decodedSize, readRequiredList } from '../ask.ts';
import type { JsonObject } from '../json.ts';
import { checkGemini } from '../refusals.ts';
import { asList, asNumber, asObject, asObjects, asText } from '../json.ts';

/** @param call - what the path says, where other wires use the body. */
export function readGenerate(
  body: JsonObject,
  call: { readonly model: string; readonly stream: boolean },
): Ask {
  const contents = readRequiredList(body, 'contents');
  const meter = new PromptMeter();
  for (const part of partsOf(field(body, 'systemInstruction'))) meter.text(asText(part['text']) ?? '');
  const declarations = asObjects(body['tools']).flatMap((tool) =>
    asObjects(field(tool, 'functionDeclarations')),
  );
  checkGemini(contents.map(partsOf), declarations);
  const tools = declarations.flatMap(readTool);
  meter.tools(tools);

  const lastModelTurn = contents.findLastIndex((content) => content['role'] === 'model');
  let lastUserText = '';
  let images: SeenImage[] = [];
  const results: { call: string; text: string }[] = [];
  for (const [index, content] of contents.entries()) {
    const texts: string[] = [];
    const pictures: SeenImage[] = [];
    for (const part of partsOf(content)) {
      const text = asText(part['text']);
      if (text !== undefined && part['thought'] !== true) texts.push(meter.text(text));
      const image = readImage(part);
      if (image) pictures.push(meter.image(image));
      const call = asObject(field(part, 'functionCall'));
      if (call) meter.text(`${asText(call['name'])}${JSON.stringify(call['args'] ?? {})}`);
      const response = asObject(field(part, 'functionResponse'));
      if (response) {
        const output = meter.text(readResult(response['response']));
        const id = asText(response['id']) ?? asText(response['name']) ?? '';
        if (index > lastModelTurn) results.push({ call: id, text: output });
      }
    }
    if (content['role'] !== 'model' && (texts.length > 0 || pictures.length > 0)) {
      lastUserText = texts.join('\n');
      images = pictures;
    }
  }
  const config = asObject(field(body, 'generationConfig')) ?? {};
  const schema = field(config, 'responseJsonSchema') ?? field(config, 'responseSchema');
  const json = field(config, 'responseMimeType') === 'application/json';
  const maxOutput = asNumber(field(config, 'maxOutputTokens'));
  const thinking = asObject(field(config, 'thinkingConfig'));
  return {
    model: call.model,
    stream: call.stream,
    lastUserText,
    images,
    tools,
    choice: readChoice(asObject(field(asObject(field(body, 'toolConfig')) ?? {}, 'functionCallingConfig'))),
    parallel: true,
    results,
    ...(schema !== undefined ? { schema } : json ? { schema: {} } : {}),
    ...(maxOutput === undefined ? {} : { maxOutput }),
    stop: asList(field(config, 'stopSequences')).filter((stop) => typeof stop === 'string'),
    choices: asNumber(field(config, 'candidateCount')) ?? 1,
    reasoning:
      field(thinking ?? {}, 'thinkingBudget') === 0
        ? 'off'
        : field(thinking ?? {}, 'includeThoughts') === true
          ? 'shown'
          : 'hidden',
    promptBytes: meter.bytes,
    body,
  };
}

/** A member by its camelCase name, or by the same name in snake_case. */
function field(object: JsonObject, name: string): unknown {
  return object[name] ?? object[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

function partsOf(content: unknown): readonly JsonObject[] {
  return typeof content === 'string' ? [{ text: content }] : asObjects(asObject(content)?.['parts']);
}

function readTool(declaration: JsonObject): OfferedTool[] {
  const name = asText(declaration['name']);
  if (name === undefined) return [];
  const schema = field(declaration, 'parametersJsonSchema') ?? declaration['parameters'] ?? {};
  return [{ kind: 'function', name, description: asText(declaration['description']) ?? '', schema }];
}

function readChoice(config: JsonObject | undefined): ToolChoice {
  const mode = asText(config?.['mode'])?.toUpperCase();
  if (mode === 'NONE') return { kind: 'none' };
  if (mode !== 'ANY') return { kind: 'auto' };
  const [only] = asList(field(config ?? {}, 'allowedFunctionNames'));
  return typeof only === 'string' ? { kind: 'named', name: only } : { kind: 'any' };
}

function readImage(part: JsonObject): SeenImage | undefined {
  const inline = asObject(field(part, 'inlineData'));
  const file = asObject(field(part, 'fileData'));
  const mediaType = asText(field(inline ?? file ?? {}, 'mimeType')) ?? '';
  if (!mediaType.startsWith('image/')) return undefined;
  if (inline) return { mediaType, bytes: decodedSize(asText(inline['data']) ?? '') };
  return { mediaType, url: asText(field(file ?? {}, 'fileUri')) ?? '' };
}

/** Results are objects; by custom `output` or `result` holds the text. */
function readResult(response: unknown): string {
  const object = asObject(response) ?? {};
  const value = object['output'] ?? object['result'] ?? object['error'] ?? object;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
