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

const plainId = /^[\da-f-]{36}$/;

export function createLineRenderer(redactor: Redactor): LineRenderer {
  // Texts of the configuration; of them only registered secrets are searched for.
  const own = new Map<string, string>();
  // What a client wrote is searched for everything that looks like a credential.
  const foreign = new Map<string, string>();

  const quote = (text: string | null): string =>
    text === null ? 'null' : (own.get(text) ?? keep(own, text, redactor.cleanValues(JSON.stringify(text))));
  const quoteForeign = (text: string): string =>
    foreign.get(text) ?? keep(foreign, text, redactor.cleanValues(JSON.stringify(redactor.clean(text))));

  return {
    render: (event, level, time) => {
      const { requestId, fallbacks } = event;
      const id = plainId.test(requestId) ? `"${requestId}"` : quoteForeign(requestId);
      const failed = fallbacks.length === 0 ? '[]' : redactor.cleanValues(JSON.stringify(fallbacks));
      return (
        `{"level":"${level}","time":${time},"requestId":${id},"revision":${quote(event.revision)}` +
        `,"secretEpoch":${event.secretEpoch},"key":${quote(event.key)},"protocol":${quote(event.protocol)}` +
        `,"operation":${quote(event.operation)},"requestedModel":${quoteForeign(event.requestedModel)}` +
        `,"combo":${quote(event.combo)},"provider":${quote(event.provider)}` +
        `,"connection":${quote(event.connection)},"model":${quote(event.model)},"status":${event.status}` +
        `,"errorCode":${quote(event.errorCode)},"stream":${event.stream},"attempts":${event.attempts}` +
        `,"fallbacks":${failed},"tokens":{${renderTokens(event.tokens)}},"cost":${event.cost}` +
        `,"estimated":${event.estimated},"total":${renderThousandths(event.total)}` +
        `,"upstream":${renderTime(event.upstream)},"firstToken":${renderTime(event.firstToken)}` +
        `,"overhead":${renderTime(event.overhead)},"msg":"request"}\n`
      );
    },
    forget: () => {
      own.clear();
      foreign.clear();
    },
  };
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
