// An answer as steps in time: wait, head, bytes, end or break. Scripts' faults are played here, on finished templates.
import type { Fault, Moment, Script } from './script.ts';
import type { Frame } from './wires/wire.ts';

export type Step =
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  /** The connection breaks. */
  | { readonly kind: 'cut' }
  /** Silence for ever. */
  | { readonly kind: 'stall' };

/** A successful answer, before any fault: whole (`body`) or in frames. */
export interface Composed {
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string | readonly Frame[];
  /** What an `error-frame` fault puts in: a frame of a stream, or a whole body. */
  readonly error: string;
}

/** Steps of an answer that is one JSON text: lists, errors. */
export function wholeSteps(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): readonly Step[] {
  const bytes = Buffer.from(body);
  return [
    { kind: 'head', status, headers: { ...headers, 'content-length': String(bytes.length) } },
    { kind: 'data', bytes },
    { kind: 'end' },
  ];
}

/** A composed answer, with the script's pace and fault, as steps. */
export function composeSteps(answer: Composed, script: Script): readonly Step[] {
  const pause: readonly Step[] = script.latency ? [{ kind: 'wait', milliseconds: script.latency }] : [];
  return [
    ...pause,
    ...(typeof answer.body === 'string'
      ? unarySteps(answer, answer.body, script)
      : streamSteps(answer, answer.body, script)),
  ];
}

function unarySteps(answer: Composed, body: string, script: Script): readonly Step[] {
  const { fault } = script;
  const replacement = replaceWhole(fault);
  if (replacement) return replacement;
  const bytes = Buffer.from(fault?.kind === 'error-frame' ? answer.error : body);
  const length = fault?.kind === 'wrong-length' ? bytes.length + 16 : bytes.length;
  const head: Step = {
    kind: 'head',
    status: 200,
    headers: { ...answer.headers, 'content-type': answer.contentType, 'content-length': String(length) },
  };
  const half: Step = { kind: 'data', bytes: bytes.subarray(0, bytes.length >> 1) };
  switch (fault?.kind) {
    case 'cut':
    case 'stall':
      if (fault.at === 'head') return [{ kind: fault.kind }];
      return fault.at === 0 ? [head, { kind: fault.kind }] : [head, half, { kind: fault.kind }];
    case 'truncated':
      return [
        { ...head, headers: { ...head.headers, 'content-length': String(half.bytes.length) } },
        half,
        { kind: 'end' },
      ];
    case 'malformed':
      return [withoutLength(head), half, { kind: 'data', bytes: garbage }, { kind: 'end' }];
    case 'wrong-length':
      return [head, { kind: 'data', bytes }, { kind: 'cut' }];
    case 'one-byte-chunks':
      return [withoutLength(head), ...singleBytes(bytes), { kind: 'end' }];
    default:
      return [head, ...paceWhole(script, body), { kind: 'data', bytes }, { kind: 'end' }];
  }
}

function streamSteps(answer: Composed, frames: readonly Frame[], script: Script): readonly Step[] {
  const { fault } = script;
  const replacement = replaceWhole(fault);
  if (replacement) return replacement;
  const head: Step = {
    kind: 'head',
    status: 200,
    headers: {
      ...answer.headers,
      'content-type': answer.contentType,
      'cache-control': 'no-cache',
      ...(fault?.kind === 'wrong-length' ? { 'content-length': String(totalBytes(frames) + 16) } : {}),
    },
  };
  const all = (list: readonly Frame[]): Step[] => list.flatMap((frame) => paced(frame, script));
  switch (fault?.kind) {
    case 'cut':
    case 'stall': {
      if (fault.at === 'head') return [{ kind: fault.kind }];
      const { before, broken } = split(frames, fault.at);
      const part = fault.at === 'mid-event' && broken ? [halfOf(broken)] : [];
      return [head, ...all(before), ...part, { kind: fault.kind }];
    }
    case 'truncated':
      return [head, ...all(split(frames, fewTokens).before), { kind: 'end' }];
    case 'error-frame': {
      const { before } = split(frames, fault.at);
      return [head, ...all(before), { kind: 'data', bytes: Buffer.from(answer.error) }, { kind: 'end' }];
    }
    case 'malformed': {
      const { before, broken, after } = split(frames, fault.at);
      return [
        head,
        ...all(before),
        ...(broken ? [halfOf(broken)] : []),
        { kind: 'data', bytes: garbage },
        ...all(after),
        { kind: 'end' },
      ];
    }
    case 'wrong-length':
      return [head, ...all(frames), { kind: 'cut' }];
    case 'terminator': {
      const ending = frames.filter((frame) => frame.phase === 'end');
      const rest = frames.filter((frame) => frame.phase !== 'end');
      return [head, ...all([...rest, ...(fault.times === 2 ? [...ending, ...ending] : [])]), { kind: 'end' }];
    }
    case 'one-byte-chunks':
      return [head, ...frames.flatMap((frame) => singleBytes(Buffer.from(frame.text))), { kind: 'end' }];
    default:
      return [head, ...all(frames), { kind: 'end' }];
  }
}

/** Faults that leave nothing of the answer. */
function replaceWhole(fault: Fault | undefined): readonly Step[] | undefined {
  if (fault?.kind === 'empty') return wholeSteps(200, { 'content-type': 'application/json' }, '');
  if (fault?.kind !== 'html') return undefined;
  const title = fault.status === 200 ? 'Welcome' : `${fault.status} Bad Gateway`;
  const page = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1><hr>sandbox</body></html>\n`;
  return wholeSteps(fault.status, { 'content-type': 'text/html' }, page);
}

/** Invalid as UTF-8 and as JSON, and ended like a frame so that parsers meet it. */
const garbage = Buffer.concat([Buffer.from([0xff, 0xfe, 0xc3, 0x28]), Buffer.from('{"broken": \n\n')]);

function paced(frame: Frame, script: Script): Step[] {
  const data: Step = { kind: 'data', bytes: Buffer.from(frame.text) };
  if (!script.rate || frame.tokens === 0) return [data];
  return [{ kind: 'wait', milliseconds: (frame.tokens / script.rate) * 1000 }, data];
}

/** A unary answer at a token rate arrives when a stream of it would end. */
function paceWhole(script: Script, body: string): Step[] {
  return script.rate
    ? [{ kind: 'wait', milliseconds: (Math.ceil(body.length / 4) / script.rate) * 1000 }]
    : [];
}

/** Where `mid-event` and a clean end in the middle fall. */
const fewTokens = 2;

function split(frames: readonly Frame[], at: Moment) {
  const wanted = typeof at === 'number' ? at : fewTokens;
  let cut = frames.findIndex((frame) => frame.phase !== 'open');
  for (let tokens = 0; tokens < wanted && cut < frames.length - 1; cut++) tokens += frames[cut]?.tokens ?? 0;
  return { before: frames.slice(0, cut), broken: frames[cut], after: frames.slice(cut) };
}

/** The first half of a frame's bytes. */
function halfOf(frame: Frame): Step {
  const bytes = Buffer.from(frame.text);
  return { kind: 'data', bytes: bytes.subarray(0, bytes.length >> 1) };
}

function singleBytes(bytes: Uint8Array): Step[] {
  return Array.from(bytes, (byte) => ({ kind: 'data', bytes: Uint8Array.of(byte) }) as const);
}

function withoutLength(head: Step & { kind: 'head' }): Step {
  const { 'content-length': _, ...headers } = head.headers;
  return { ...head, headers };
}

function totalBytes(frames: readonly Frame[]): number {
  return frames.reduce((sum, frame) => sum + Buffer.byteLength(frame.text), 0);
}
