// Gemini's usageMetadata ⇄ counts of the hub. Google counts thoughts beside the answer and the prompts of its own tools
// beside the prompt; the hub counts both inside.
import { defined, isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { readCount } from '../../ir/usage.ts';
import type { Usage } from '../../ir/usage.ts';

/** Undefined for a report without counts, as Vertex sends with every chunk but the last. */
export function decodeUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const prompt = readCount(value['promptTokenCount']);
  const tools = readCount(value['toolUsePromptTokenCount']);
  const spoken = readCount(value['candidatesTokenCount']);
  const thoughts = readCount(value['thoughtsTokenCount']);
  const total = readCount(value['totalTokenCount']);
  if (prompt === undefined && spoken === undefined && thoughts === undefined) return undefined;
  const input = prompt === undefined && tools === undefined ? undefined : (prompt ?? 0) + (tools ?? 0);
  return defined({
    input,
    // A blocked prompt has no count of its own for the answer; its total says that there is none.
    output:
      spoken === undefined && thoughts === undefined
        ? total === undefined || input === undefined
          ? undefined
          : Math.max(0, total - input)
        : (spoken ?? 0) + (thoughts ?? 0),
    cacheRead: readCount(value['cachedContentTokenCount']),
    reasoning: thoughts,
    audioInput: countModality(value['promptTokensDetails'], 'AUDIO'),
    audioOutput: countModality(value['candidatesTokensDetails'], 'AUDIO'),
  });
}

export function encodeUsage(usage: Usage): JsonObject {
  const { input = 0, output = 0, cacheRead, reasoning, audioInput, audioOutput } = usage;
  const thoughts = reasoning === undefined ? undefined : Math.min(reasoning, output);
  return defined({
    promptTokenCount: input,
    candidatesTokenCount: output - (thoughts ?? 0),
    totalTokenCount: input + output,
    cachedContentTokenCount: cacheRead,
    thoughtsTokenCount: thoughts,
    promptTokensDetails: describe(input, audioInput),
    candidatesTokensDetails: describe(output - (thoughts ?? 0), audioOutput),
  });
}

/** Only where there is more than text to tell apart. */
function describe(whole: number, audio: number | undefined): readonly JsonObject[] | undefined {
  if (audio === undefined) return undefined;
  return [
    { modality: 'TEXT', tokenCount: Math.max(0, whole - audio) },
    { modality: 'AUDIO', tokenCount: audio },
  ];
}

function countModality(details: unknown, wanted: string): number | undefined {
  if (!Array.isArray(details)) return undefined;
  const found = (details as unknown[]).find((entry) => isObject(entry) && entry['modality'] === wanted);
  return isObject(found) ? readCount(found['tokenCount']) : undefined;
}
