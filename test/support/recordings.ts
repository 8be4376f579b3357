// Real answers of real providers, recorded by others (../shared/recordings, not part of this repository), as bytes that an
// upstream of their wire would send.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WireName } from './translation.ts';

export const recordingFolder = join(import.meta.dirname, '../../../shared/recordings');

export const areRecordings = existsSync(recordingFolder);

export type Value = { readonly [key: string]: unknown };

export interface Recording {
  readonly name: string;
  readonly upstream: WireName;
  readonly stream: boolean;
  readonly bytes: Buffer;
  readonly values: readonly Value[];
}

interface Replay {
  readonly upstream: WireName;
  /** Name of the folders, of which `-stream` holds streams. */
  readonly kind: string;
  /** Frames begin with the name of their event. */
  readonly events: boolean;
  /** Whether a payload begins another stream of the same file. */
  begins(value: Value, last: Value | undefined): boolean;
  readonly terminal: string;
  /** Recordings of this wire in folders that go by what they show. */
  readonly others?: readonly string[];
}

const replays: readonly Replay[] = [
  {
    upstream: 'openai-chat',
    kind: 'chat',
    events: false,
    begins: (value, last) => last !== undefined && last['id'] !== '' && last['id'] !== value['id'],
    terminal: 'data: [DONE]\n\n',
  },
  {
    upstream: 'openai-responses',
    kind: 'responses',
    events: true,
    begins: ({ type }) => type === 'response.created',
    terminal: '',
  },
  {
    upstream: 'anthropic-messages',
    kind: 'messages',
    events: true,
    begins: ({ type }) => type === 'message_start',
    terminal: '',
  },
  {
    upstream: 'gemini',
    kind: 'generateContent',
    events: false,
    begins: () => false,
    terminal: '',
    others: [
      'google/grounding/google-tool-use-usage.json',
      'google/images/google-image-gemini-3.1-flash-image.json',
      'google/safety/issue-19758-prompt-block.chunks.txt',
    ],
  },
];

/** All recordings of wires that the project speaks; none where the folder is missing. */
export function findRecordings(): readonly Recording[] {
  if (!areRecordings) return [];
  const providers = readdirSync(recordingFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'cohere')
    .map(({ name }) => name);
  return replays.flatMap((replay) => {
    const { kind, others = [] } = replay;
    const found = providers.flatMap((provider) => [
      ...list(`${provider}/${kind}`, '.json'),
      ...list(`${provider}/${kind}-stream`, '.chunks.txt'),
    ]);
    return [...found, ...others].flatMap((path) =>
      path.endsWith('.json') ? unary(path, replay) : streams(path, replay),
    );
  });
}

export function readRecording(path: string): string {
  return readFileSync(join(recordingFolder, path), 'utf8');
}

function list(path: string, ending: string): readonly string[] {
  const whole = join(recordingFolder, path);
  return existsSync(whole)
    ? readdirSync(whole)
        .filter((file) => file.endsWith(ending))
        .map((file) => `${path}/${file}`)
    : [];
}

function unary(path: string, { upstream }: Replay): Recording {
  const text = readRecording(path);
  return {
    name: path,
    upstream,
    stream: false,
    bytes: Buffer.from(text),
    values: [JSON.parse(text) as Value],
  };
}

/** A file may hold several streams one after the other; each is replayed with the frames of its wire around it. */
function streams(path: string, { upstream, events, begins, terminal }: Replay): readonly Recording[] {
  const values = readRecording(path)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line.replace(/^data: /, '')) as Value);
  const parts: Value[][] = [];
  for (const value of values) {
    if (begins(value, parts.at(-1)?.at(-1)) || parts.length === 0) parts.push([]);
    parts.at(-1)!.push(value);
  }
  return parts.map((part, index) => {
    const frames = part.map(
      (value) => `${events ? `event: ${String(value['type'])}\n` : ''}data: ${JSON.stringify(value)}\n\n`,
    );
    const bytes = Buffer.from(frames.join('') + terminal);
    return { name: `${path}#${index}`, upstream, stream: true, bytes, values: part };
  });
}
