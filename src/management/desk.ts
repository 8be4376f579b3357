// What the pages about the configuration need, and how they answer. No HTTP server is known here.
import type { LoadResult } from '../config/load.ts';
import type { Evaluate } from '../control/evaluate.ts';
import type { PullOutcome } from '../control/pull.ts';
import type { Repository } from '../control/repository.ts';
import type { Writer } from '../control/writer.ts';
import { GatewayError } from '../errors.ts';
import type { Snapshot } from '../routing/snapshot.ts';

export interface ConfigDesk {
  readonly writer: Writer;
  /** The newest text on disk, or others over it. */
  readonly evaluate: Evaluate;
  readonly repository: Repository | undefined;
  /** Fetches and takes over what compiles; never rejects. */
  pull(dryRun: boolean): Promise<PullOutcome>;
  /** Values that wait for the merge of a proposal, without the values. */
  pendingSecrets(): Promise<readonly PendingSecret[]>;
  /** Takes over or forgets what waited for proposals that are settled by now. */
  settleSecrets(): Promise<void>;
  /** The reading behind what serves. */
  reading(): LoadResult;
  revision(): string;
  snapshot(): Snapshot;
}

export interface PendingSecret {
  readonly name: string;
  readonly branch: string;
  readonly commit: string;
}

/** One request as the pages see it. */
export interface Ask {
  readonly query: URLSearchParams;
  /** Of the headers. */
  readonly ifMatch: string | undefined;
  /** Who asks: `key:ci` or `token`. */
  readonly actor: string;
  /** The whole body; read only by those that want one. */
  text(): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly etag?: string | undefined;
}

/** The body as a JSON object; throws GatewayError 400. */
export async function readObject(ask: Ask): Promise<Readonly<Record<string, unknown>>> {
  const text = await ask.text();
  let value: unknown;
  try {
    value = JSON.parse(text === '' ? '{}' : text);
  } catch (cause) {
    throw new GatewayError('invalid_json', 'the body is not JSON', { cause });
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new GatewayError('invalid_body', 'the body must be a JSON object');
  return value as Readonly<Record<string, unknown>>;
}

/** A member of a body; throws GatewayError 400 when it has another type. */
export function readMember<Type extends 'string' | 'boolean'>(
  body: Readonly<Record<string, unknown>>,
  name: string,
  type: Type,
): (Type extends 'string' ? string : boolean) | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  if (value === undefined) return undefined;
  if (typeof value !== type)
    throw new GatewayError('invalid_body', `"${name}" must be a ${type}`, { param: name });
  return value as Type extends 'string' ? string : boolean;
}

/** A switch of a query: `?dryRun`, `?dryRun=1`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value !== 'false';
}
