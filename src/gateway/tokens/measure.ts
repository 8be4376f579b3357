// A request → the texts that a tokenizer counts, and an estimate for what has none. The figures are on
// docs/guide/models.md; a provider's own counter knows better and is asked first.
import type { Part, Source } from '../../ir/parts.ts';
import type { ModelRequest } from '../../ir/request.ts';
import type { Tool } from '../../ir/tools.ts';

export interface Measured {
  readonly texts: readonly string[];
  /** Tokens beside the texts. */
  readonly more: number;
}

/** What stands around things in a model's own template. */
const around = { request: 3, message: 4, call: 6, tool: 8 };

/** An image of a megapixel, in low detail, and a page of a document. */
const image = 1500;
const smallImage = 85;
const page = 1500;

/** Bytes of a PDF, and of compressed speech, for one token. */
const fileBytes = 20;
const audioBytes = 500;
const shortestAudio = 100;

export function measure({ messages, tools, output }: ModelRequest): Measured {
  const tally: Tally = { texts: [], more: around.request };
  for (const { parts, name } of messages) {
    tally.more += around.message;
    if (name !== undefined) tally.texts.push(name);
    for (const part of parts) addPart(part, tally);
  }
  for (const tool of tools) addTool(tool, tally);
  if (output.format?.kind === 'schema') tally.texts.push(JSON.stringify(output.format.schema));
  return tally;
}

interface Tally {
  readonly texts: string[];
  more: number;
}

function addPart(part: Part, tally: Tally): void {
  switch (part.kind) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      tally.texts.push(part.text);
      break;
    case 'tool-call':
      tally.more += around.call;
      tally.texts.push(part.name, part.arguments);
      break;
    case 'tool-result':
      tally.more += around.call;
      for (const inner of part.parts) addPart(inner, tally);
      break;
    case 'image':
      tally.more += part.detail === 'low' ? smallImage : image;
      break;
    case 'file':
      if (part.name !== undefined) tally.texts.push(part.name);
      if (part.source.kind === 'text') tally.texts.push(part.source.text);
      else tally.more += Math.max(page, Math.ceil(sizeOf(part.source) / fileBytes));
      break;
    case 'audio':
      tally.more += Math.max(shortestAudio, Math.ceil(sizeOf(part.source) / audioBytes));
      break;
    case 'opaque':
      tally.texts.push(part.text === '' ? JSON.stringify(part.block) : part.text);
      break;
  }
}

function addTool(tool: Tool, tally: Tally): void {
  tally.more += around.tool;
  tally.texts.push(tool.name, tool.description ?? '');
  if (tool.kind === 'function' && tool.parameters) tally.texts.push(JSON.stringify(tool.parameters));
  if (tool.kind === 'freeform' && tool.grammar) tally.texts.push(tool.grammar.definition);
  if (tool.kind === 'opaque') tally.texts.push(JSON.stringify(tool.value));
}

/** Bytes, as far as the request holds them. */
function sizeOf(source: Source): number {
  return source.kind === 'data' ? Math.floor((source.data.length * 3) / 4) : 0;
}
