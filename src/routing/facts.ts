// What routing may know about a request: exactly the facts that the snapshot demands, never message text.
import type { Operation, ProtocolName } from '../protocols/capabilities.ts';
import type { KeyLimits } from './snapshot.ts';

/** Who calls, as authentication left it. */
export interface Principal {
  /** Id of the declared key, or undefined for an anonymous caller on an open gateway. */
  readonly key?: string;
  readonly role: 'anonymous' | 'inference' | 'admin';
  readonly tags: Readonly<Record<string, string>>;
  /** Model globs that the key may use; undefined means all. */
  readonly models?: readonly string[];
  /** Accounts (`provider@connection`) that may serve the key; undefined means all. */
  readonly connections?: readonly string[];
  /** The key's own ceilings. */
  readonly limits?: KeyLimits;
  /** noLog: nothing of this caller may outlive the request. */
  readonly noLog: boolean;
}

/** The optional facts; a snapshot lists in `demands` which of them its rules read. */
export const demandableFacts = [
  'inputTokens',
  'maxOutputTokens',
  'hasTools',
  'hasImages',
  'hasAudio',
  'hasFiles',
  'hasReasoning',
  'hasResponseSchema',
  'messageCount',
  'metadata',
  'session',
] as const;

export type DemandableFact = (typeof demandableFacts)[number];

export interface Facts {
  /** The name as the client wrote it, suffixes such as `[1m]` included. */
  readonly model: string;
  readonly protocol: ProtocolName;
  readonly operation: Operation;
  readonly stream: boolean;
  readonly principal: Principal;
  /** Address of the client after trusted proxies were taken into account. */
  readonly address: string;
  /** Decompressed size of the body in bytes. */
  readonly bodyBytes: number;
  /** Estimated by bytes; exact counting never happens on this path (performance §1.10). */
  readonly inputTokens?: number;
  readonly maxOutputTokens?: number;
  /** As the client asks for it; only tests and explanations say it. */
  readonly temperature?: number;
  readonly hasTools?: boolean;
  readonly hasImages?: boolean;
  readonly hasAudio?: boolean;
  readonly hasFiles?: boolean;
  readonly hasReasoning?: boolean;
  readonly hasResponseSchema?: boolean;
  readonly messageCount?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly session?: string;
}
