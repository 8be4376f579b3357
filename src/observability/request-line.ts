// The log line of a request as JSON text. Every request pays for it, so it is put together by hand: a general serializer
// takes three times as long, mostly for names and texts that are the same in every line.
import { renderThousandths } from '../lib/decimals.ts';
import type { Redactor } from './redact.ts';
import type { EventTokens, RequestEvent } from './request-event.ts';

export interface LineRenderer {
  /** One line with its line break, free of registered secrets. */
  render(event: RequestEvent, level: string, time: number): string;
  /** To be called when the registered secrets have changed. */
  forget(): void;
}

/** Texts that are kept quoted; clients can make up names of models without end. */
const mostTexts = 2000;

/** 1 for the codes of hexadecimal digits and the hyphen. */
const plain = Uint8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef-'.includes(String.fromCharCode(code)) ? 1 : 0,
);

export function createLineRenderer(redactor: Redactor): LineRenderer {
  // Texts of the configuration; of them only registered secrets are searched for.
  const own = new Map<string, string>();
  // What a client wrote is searched for everything that looks like a credential.
  const foreign = new Map<string, string>();

  const quote = (text: string | null): string =>
    text === null ? 'null' : (own.get(text) ?? keep(own, text, redactor.cleanValues(JSON.stringify(text))));
  const quoteForeign = (text: string): string =>
    foreign.get(text) ?? keep(foreign, text, redactor.cleanValues(JSON.stringify(redactor.clean(text))));

  const renderFallbacks = (fallbacks: RequestEvent['fallbacks']): string =>
    fallbacks.length === 0 ? '[]' : redactor.cleanValues(JSON.stringify(fallbacks));

  /** What the line before said from its revision to its fallbacks: most requests end like the one before. */
  let before: RequestEvent | undefined;
  let kind = '';
  const renderKind = (event: RequestEvent): string => {
    if (before !== undefined && isAlike(before, event)) return kind;
    kind =
      `"revision":${quote(event.revision)},"secretEpoch":${event.secretEpoch},"key":${quote(event.key)}` +
      `,"protocol":${quote(event.protocol)},"operation":${quote(event.operation)}` +
      `,"requestedModel":${quoteForeign(event.requestedModel)},"combo":${quote(event.combo)}` +
      `,"provider":${quote(event.provider)},"connection":${quote(event.connection)},"model":${quote(event.model)}` +
      `,"status":${event.status},"errorCode":${quote(event.errorCode)},"stream":${event.stream}` +
      `,"attempts":${event.attempts},"fallbacks":${renderFallbacks(event.fallbacks)}`;
    before = event;
    return kind;
  };

  return {
    render: (event, level, time) => {
      const { requestId } = event;
      const id = isPlain(requestId) ? `"${requestId}"` : quoteForeign(requestId);
      return (
        `{"level":"${level}","time":${time},"requestId":${id},${renderKind(event)}` +
        `,"tokens":{${renderTokens(event.tokens)}},"cost":${event.cost}` +
        `,"estimated":${event.estimated},"total":${renderThousandths(event.total)}` +
        `,"upstream":${renderTime(event.upstream)},"firstToken":${renderTime(event.firstToken)}` +
        `,"overhead":${renderTime(event.overhead)},"msg":"request"}\n`
      );
    },
    forget: () => {
      own.clear();
      foreign.clear();
      before = undefined;
    },
  };
}

/** Whether two lines say the same from their revision to their fallbacks. */
function isAlike(a: RequestEvent, b: RequestEvent): boolean {
  return (
    a.requestedModel === b.requestedModel &&
    a.model === b.model &&
    a.connection === b.connection &&
    a.provider === b.provider &&
    a.combo === b.combo &&
    a.key === b.key &&
    a.protocol === b.protocol &&
    a.operation === b.operation &&
    a.revision === b.revision &&
    a.secretEpoch === b.secretEpoch &&
    a.status === b.status &&
    a.errorCode === b.errorCode &&
    a.stream === b.stream &&
    a.attempts === b.attempts &&
    a.fallbacks.length === 0 &&
    b.fallbacks.length === 0
  );
}

/** Whether an id looks like ours. By a table: no processor can guess where digits and letters follow each other. */
function isPlain(id: string): boolean {
  if (id.length !== 36) return false;
  for (let at = 0; at < 36; at++) if (plain[id.charCodeAt(at)] !== 1) return false;
  return true;
}

function keep(texts: Map<string, string>, text: string, quoted: string): string {
  if (texts.size >= mostTexts) texts.clear();
  texts.set(text, quoted);
  return quoted;
}

function renderTime(milliseconds: number | null): string {
  return milliseconds === null ? 'null' : renderThousandths(milliseconds);
}

function renderTokens(tokens: EventTokens): string {
  const { input, output, cacheRead, cacheWrite, cacheWrite1h, reasoning, audioInput, audioOutput } = tokens;
  let text = '';
  if (input !== undefined) text += `,"input":${input}`;
  if (output !== undefined) text += `,"output":${output}`;
  if (cacheRead !== undefined) text += `,"cacheRead":${cacheRead}`;
  if (cacheWrite !== undefined) text += `,"cacheWrite":${cacheWrite}`;
  if (cacheWrite1h !== undefined) text += `,"cacheWrite1h":${cacheWrite1h}`;
  if (reasoning !== undefined) text += `,"reasoning":${reasoning}`;
  if (audioInput !== undefined) text += `,"audioInput":${audioInput}`;
  if (audioOutput !== undefined) text += `,"audioOutput":${audioOutput}`;
  return text.slice(1);
}
