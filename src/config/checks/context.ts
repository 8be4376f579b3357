// What checks of the document may look at: the resolved configuration, where things stand, and how they are written.
import type { Locate } from '../../diagnostics.ts';
import type { Check } from '../../diagnostics/rule.ts';
import { sliceSource } from '../../diagnostics/source-text.ts';
import type { ResolvedConfig, ResolvedMatch } from '../generated/types.ts';

export interface DocumentContext {
  readonly config: ResolvedConfig;
  readonly locate: Locate;
  /** Text of each file, by the name that positions use. */
  readonly sources: ReadonlyMap<string, string>;
}

export type DocumentCheck = Check<DocumentContext>;

/** How the value at a pointer is written, quotes included; undefined when no file holds it. */
export function readWritten({ locate, sources }: DocumentContext, pointer: string): string | undefined {
  const at = locate(pointer);
  const text = at && sources.get(at.file);
  return at && text !== undefined ? sliceSource(text, at) : undefined;
}

/** Whether a file holds something at this pointer, or it is a default. */
export function isWritten({ locate }: DocumentContext, pointer: string): boolean {
  return locate(pointer) !== undefined;
}

/** No property of it restricts anything. */
export function isEveryRequest(match: ResolvedMatch): boolean {
  return Object.values(match).every((value) => value === undefined);
}
