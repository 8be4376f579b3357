// What `when:` expressions may read: one row per name, with its type, its meaning and how it comes out of the facts.
// Absent facts read as 0, "" or false, so that no rule can fail at run time; has() tells whether they are there.
import { operations, protocolNames } from '../../protocols/capabilities.ts';
import type { DemandableFact, Facts } from '../facts.ts';

/** Longer texts come from a client and are cut: the bound on the work of contains() and matches(). */
export const maxTextLength = 256;

interface Row {
  /** For the reference page. */
  readonly meaning: string;
  /** The optional fact that must be extracted for it. */
  readonly demands?: DemandableFact;
  /** Present when the fact can be missing. */
  readonly has?: (facts: Facts) => boolean;
}

export type Field = Row &
  (
    | { readonly type: 'bool'; readonly read: (facts: Facts) => boolean }
    | { readonly type: 'int'; readonly read: (facts: Facts) => number }
    | {
        readonly type: 'string';
        readonly read: (facts: Facts) => string;
        readonly values?: readonly string[];
      }
    | { readonly type: 'map'; readonly read: (facts: Facts) => Readonly<Record<string, string>> }
  );

const empty: Readonly<Record<string, string>> = Object.freeze({});
const roles = ['anonymous', 'inference', 'admin'] as const;

/** One row per demandable fact, checked by the compiler; a new fact is a new row here. */
const demanded = {
  inputTokens: {
    type: 'int',
    meaning: 'Prompt tokens, estimated from the bytes.',
    read: (facts) => facts.inputTokens ?? 0,
  },
  maxOutputTokens: {
    type: 'int',
    meaning: 'The output limit that the client asked for, 0 when it asked for none.',
    read: (facts) => facts.maxOutputTokens ?? 0,
    has: (facts) => facts.maxOutputTokens !== undefined,
  },
  hasTools: { type: 'bool', meaning: 'The request offers tools.', read: (facts) => facts.hasTools ?? false },
  hasImages: {
    type: 'bool',
    meaning: 'A message holds an image.',
    read: (facts) => facts.hasImages ?? false,
  },
  hasAudio: { type: 'bool', meaning: 'A message holds audio.', read: (facts) => facts.hasAudio ?? false },
  hasFiles: {
    type: 'bool',
    meaning: 'A message holds a document.',
    read: (facts) => facts.hasFiles ?? false,
  },
  hasReasoning: {
    type: 'bool',
    meaning: 'The request asks for reasoning.',
    read: (facts) => facts.hasReasoning ?? false,
  },
  hasResponseSchema: {
    type: 'bool',
    meaning: 'The request asks for an answer of a given JSON schema.',
    read: (facts) => facts.hasResponseSchema ?? false,
  },
  messageCount: {
    type: 'int',
    meaning: 'How many messages the request holds.',
    read: (facts) => facts.messageCount ?? 0,
  },
  metadata: {
    type: 'map',
    meaning: 'Metadata of the request, text by name.',
    read: (facts) => facts.metadata ?? empty,
  },
  session: {
    type: 'string',
    meaning: 'The session that the client names, "" when it names none.',
    read: (facts) => cut(facts.session ?? ''),
    has: (facts) => facts.session !== undefined,
  },
} as const satisfies Record<DemandableFact, Field>;

/** Every readable name with its dots. `now` is not listed: it is the clock, not a fact. */
export const expressionFields: ReadonlyMap<string, Field> = new Map<string, Field>([
  [
    'request.model',
    { type: 'string', meaning: 'The model name as the client wrote it.', read: (facts) => cut(facts.model) },
  ],
  [
    'request.protocol',
    {
      type: 'string',
      meaning: 'The wire protocol that the client speaks.',
      values: protocolNames,
      read: (facts) => facts.protocol,
    },
  ],
  [
    'request.operation',
    {
      type: 'string',
      meaning: 'What the client asks for.',
      values: operations,
      read: (facts) => facts.operation,
    },
  ],
  ['request.stream', { type: 'bool', meaning: 'The client wants a stream.', read: (facts) => facts.stream }],
  [
    'request.bodyBytes',
    { type: 'int', meaning: 'Size of the body in bytes, decompressed.', read: (facts) => facts.bodyBytes },
  ],
  ...Object.entries(demanded).map(([name, row]): [string, Field] => [
    `request.${name}`,
    { ...row, demands: name as DemandableFact },
  ]),
  [
    'key.id',
    {
      type: 'string',
      meaning: 'Id of the client key, "" for an anonymous caller.',
      read: (facts) => facts.principal.key ?? '',
      has: (facts) => facts.principal.key !== undefined,
    },
  ],
  [
    'key.role',
    { type: 'string', meaning: 'What the key may do.', values: roles, read: (facts) => facts.principal.role },
  ],
  [
    'key.tags',
    { type: 'map', meaning: 'Tags of the key, text by name.', read: (facts) => facts.principal.tags },
  ],
  [
    'key.noLog',
    {
      type: 'bool',
      meaning: 'Nothing of this caller may be logged.',
      read: (facts) => facts.principal.noLog,
    },
  ],
  [
    'client.address',
    {
      type: 'string',
      meaning: 'IP address of the client, behind trusted proxies too.',
      read: (facts) => facts.address,
    },
  ],
]);

/** The first parts of the names: `request`, `key`, `client`. */
export const fieldGroups: readonly string[] = [
  ...new Set([...expressionFields.keys()].map((name) => name.split('.')[0] ?? name)),
];

/** Cut to the longest text that expressions look at. */
export function cut(text: string): string {
  return text.length > maxTextLength ? text.slice(0, maxTextLength) : text;
}
