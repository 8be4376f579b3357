// The one error class of the gateway, and what one upstream attempt failed with. Codes come from the closed table;
// protocol folders render them in their own envelope; nobody invents a code elsewhere.
import { errorTable } from './error-table.ts';
import { classOfStatus, statusOfClass, type FailureClass } from './failure-class.ts';

export { classOfStatus, errorTable, statusOfClass, type FailureClass };

/** A code of the closed table. */
export type ErrorCode = keyof typeof errorTable;

/** What may travel with an error besides its code and message. */
export interface ErrorDetails {
  /** The request field at fault, dotted (`messages`, `tools[0].name`), rendered where the envelope has room. */
  readonly param?: string;
  /** Seconds until a repeat can succeed, at least 1. */
  readonly retryAfter?: number;
  /** Overrides the table's status, for an upstream status that is passed on. */
  readonly status?: number;
  /** Extra response headers, such as Allow. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** The only error that the gateway throws on purpose. Its message is safe to show to the client. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly class: FailureClass;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? errorTable[code].status;
    this.class = errorTable[code].class;
    this.details = details;
  }
}

/**
 * What one upstream attempt said or failed to say, in words that no vendor owns. Made by `protocols/<wire>/errors.ts`
 * and `upstream/transport.ts`, read by routing (try the next target? cool down?) and by the error envelopes.
 */
export interface UpstreamFailure {
  readonly class: FailureClass;
  /** The upstream's HTTP status; undefined when no status line arrived. */
  readonly status?: number;
  /** The upstream's own text, cut to a few hundred characters, never HTML, never a secret. */
  readonly message: string;
  /** The upstream's own code or type (`context_length_exceeded`, `overloaded_error`), where it sent one. */
  readonly code?: string;
  readonly param?: string;
  /** Milliseconds that the upstream asked us to wait. */
  readonly retryAfter?: number;
  /** Which quota is used up, in Google's words (`google.rpc.QuotaFailure`): its clients wait for one of a minute only. */
  readonly quota?: readonly object[];
  /** The upstream's own request id, for the log. */
  readonly requestId?: string;
  /** The call was not begun: a rest, a breaker, a budget or a queue kept it back. */
  readonly held?: true;
}

/** Whether a thrown value is ours; by name, so that two copies of the module agree. */
export function isGatewayError(value: unknown): value is GatewayError {
  return value instanceof Error && value.name === 'GatewayError';
}
