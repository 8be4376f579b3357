// Log lines: JSON on standard error, or text for a person at a terminal; one wide line per request. Every line passes
// the redactor as its last step before it is written.
import pino, { type Logger } from 'pino';
import { createPortions } from './portions.ts';
import { renderPretty } from './pretty.ts';
import { createRedactor } from './redact.ts';
import type { RequestEvent } from './request-event.ts';
import { createLineRenderer } from './request-line.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type LogFormat = 'auto' | 'json' | 'pretty';

export interface LogsOptions {
  readonly level?: LogLevel;
  /** `auto` is pretty on a terminal and JSON elsewhere. */
  readonly format?: LogFormat;
  /** Whether every request gets its line. */
  readonly requests?: boolean;
  /** Takes finished lines instead of standard error. */
  readonly write?: (line: string) => void;
}

export interface Logs {
  /** For everything that is not a request: `log.info({ revision }, 'configuration is live')`. */
  readonly log: Logger;
  /** The one wide line of a finished request. */
  request(event: RequestEvent): void;
  /** Takes over a reloaded section of the configuration. */
  configure(settings: Pick<LogsOptions, 'level' | 'requests' | 'format'>): void;
  /** Values that must never be written, in place of those named before. */
  hide(values: Iterable<string>): void;
  /** Writes what is still in memory. */
  flush(): void;
}

export function createLogs(options: LogsOptions = {}): Logs {
  const redactor = createRedactor();
  const lines = createLineRenderer(redactor);
  const terminal = process.stderr.isTTY && options.write === undefined;
  const colour = terminal && process.stderr.hasColors();
  const isPretty = (format: LogFormat = 'auto'): boolean =>
    format === 'pretty' || (format === 'auto' && terminal);
  /** Requests whose lines are not made yet, in order. */
  let waiting: RequestRecord[] = [];
  const makeLines = (): void => {
    if (waiting.length === 0) return;
    const records = waiting;
    waiting = [];
    let text = '';
    for (const record of records) {
      const line = renderLine(record);
      text += pretty ? renderPretty(line, colour) : line;
    }
    output.write(text);
  };
  // A timer stands above this on the stack: nobody else would catch it, and the other lines would be lost with it.
  const renderLine = ({ event, level, time }: RequestRecord): string => {
    try {
      return lines.render(event, level, time);
    } catch (error) {
      const { requestId } = event;
      const said = { level: 'error', time, requestId, error: String(error), msg: 'a request has no line' };
      return `${redactor.clean(JSON.stringify(said))}\n`;
    }
  };
  const output = options.write ? openImmediate(options.write) : openOutput(terminal, makeLines);
  let pretty = isPretty(options.format);
  let requests = options.requests ?? true;

  const log = pino(
    {
      level: options.level ?? 'info',
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    {
      write: (line: string) => {
        const clean = redactor.clean(line);
        makeLines();
        output.write(pretty ? renderPretty(clean, colour) : clean);
      },
    },
  );

  const listEnabled = () => ({ info: log.isLevelEnabled('info'), warn: log.isLevelEnabled('warn') });
  let enabled = listEnabled();

  return {
    log,
    // Written here and not by pino: it is the one line that every request pays for, and pino takes several times as long.
    request: (event) => {
      const level = event.status >= 500 ? 'warn' : 'info';
      if (!requests || !enabled[level]) return;
      waiting.push({ event, level, time: Date.now() });
      if (waiting.length < output.group) output.expect();
      else makeLines();
    },
    configure: (settings) => {
      makeLines();
      if (settings.level !== undefined) log.level = settings.level;
      enabled = listEnabled();
      if (settings.requests !== undefined) requests = settings.requests;
      if (settings.format !== undefined) pretty = isPretty(settings.format);
    },
    hide: (values) => {
      makeLines();
      redactor.hide(values);
      lines.forget();
    },
    flush: () => output.flush(),
  };
}

/** A request on its way to its line. */
interface RequestRecord {
  readonly event: RequestEvent;
  readonly level: LogLevel;
  /** Epoch milliseconds. */
  readonly time: number;
}

interface Output {
  /** Requests whose lines are made in one go; making one between two requests takes two to three times as long. */
  readonly group: number;
  write(lines: string): void;
  /** There are requests whose lines are to be made within the period. */
  expect(): void;
  flush(): void;
}

function openImmediate(write: (lines: string) => void, flush = (): void => undefined): Output {
  return { group: 1, write, expect: () => undefined, flush };
}

/**
 * Standard error, in portions: a write for every line would cost more than making it. What a kill loses is younger than
 * the period; a process that ends by itself writes the rest. Lines that nobody reads are dropped beyond a limit.
 */
function openOutput(terminal: boolean, rest: () => void): Output {
  if (terminal) {
    const output = pino.destination({ fd: 2, sync: true });
    return openImmediate(
      (line) => void output.write(line),
      () => output.flushSync(),
    );
  }
  const portions = createPortions(2, { rest });
  process.on('exit', portions.flush);
  return { group: 32, ...portions };
}
