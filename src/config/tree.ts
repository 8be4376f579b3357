// Parsed YAML as a small tree of our own: names in Maps (so that `__proto__` is a name like any other), aliases and
// merges followed, every node with its place. Nothing in it is ever changed after parsing.
import type { LineCounter } from 'yaml';
import type { SourcePosition } from '../diagnostics.ts';
import type { ConfigFile } from './source.ts';

/** Where in which file: offsets count UTF-16 units of the text without its byte order mark. */
export interface Place {
  readonly source: PlacedFile;
  readonly start: number;
  readonly end: number;
}

/** A file that can turn offsets into lines. */
export interface PlacedFile {
  readonly file: ConfigFile;
  readonly lines: LineCounter;
}

export type Scalar = string | number | boolean | null;

interface NodeBase extends Place {
  /** Values below and including this one, aliases expanded. */
  readonly size: number;
  /** Levels below and including this one. */
  readonly depth: number;
  /** Has a diagnostic of its own already: what stands here is not what was meant. */
  readonly flawed?: true;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: Scalar;
  /** Written without quotes. */
  readonly plain: boolean;
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly ConfigNode[];
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export type ConfigNode = ScalarNode | ListNode | MapNode;

export interface MapEntry {
  /** The key as it stands in the file. */
  readonly key: Place;
  readonly value: ConfigNode;
}

/** The place as lines and columns. A range that ends in line breaks is cut back to its text. */
export function positionOf(place: Place): SourcePosition {
  const { source, start } = place;
  const { text, name } = source.file;
  let end = Math.max(start, place.end);
  while (end > start + 1 && /\s/.test(text[end - 1] ?? '')) end--;
  const first = source.lines.linePos(start);
  const last = source.lines.linePos(end);
  return {
    file: name,
    line: Math.max(1, first.line),
    column: Math.max(1, first.col),
    endLine: Math.max(1, last.line),
    endColumn: Math.max(1, last.col),
  };
}
