// A configuration that served, as text, and the snapshot out of it again: what was decided in the past is explained by
// the rules of then. Secrets are references in it, as everywhere behind the loader.
import type { Catalog } from '../catalog/catalog.ts';
import type { ResolvedConfig } from '../config/generated/types.ts';
import type { Locate, SourcePosition } from '../diagnostics.ts';
import { isObject, parseJson } from '../lib/json.ts';
import { compile } from './compile.ts';
import type { Snapshot } from './snapshot.ts';

/** Notes where everything stands that compile() asks for, so that the past can cite its lines. */
export interface PlaceRecorder {
  readonly locate: Locate;
  readonly places: ReadonlyMap<string, SourcePosition>;
}

export function recordPlaces(locate: Locate): PlaceRecorder {
  const places = new Map<string, SourcePosition>();
  return {
    places,
    locate: (pointer, part) => {
      const at = locate(pointer, part);
      if (at) places.set(nameOf(pointer, part), at);
      return at;
    },
  };
}

/** Its tests are promises about it and no part of it. */
export function renderArchive(config: ResolvedConfig, places: ReadonlyMap<string, SourcePosition>): string {
  const { tests: _, ...meaning } = config;
  return JSON.stringify({ version, config: { ...meaning, tests: [] }, places: Object.fromEntries(places) });
}

export interface ReviveInput {
  readonly text: string;
  readonly revision: string;
  readonly catalog: Catalog;
  readonly digest: (text: string) => string;
}

/**
 * Undefined where the text is of another version of the gateway, whose catalog or compiler made something else of it: then
 * nobody can say any more what it meant.
 */
export function reviveSnapshot({ text, revision, catalog, digest }: ReviveInput): Snapshot | undefined {
  const archive = parseJson(text);
  if (!isObject(archive) || archive['version'] !== version || !isObject(archive['config'])) return undefined;
  const known = isObject(archive['places']) ? new Map(Object.entries(archive['places'])) : new Map();
  // Our own writing; a text that somebody has changed gives another revision and is not believed.
  const config = archive['config'] as ResolvedConfig & Readonly<Record<string, unknown>>;
  const locate: Locate = (pointer, part) => known.get(nameOf(pointer, part)) as SourcePosition | undefined;
  try {
    const { snapshot } = compile({ config, catalog, locate, digest });
    return snapshot?.revision === revision ? snapshot : undefined;
  } catch {
    return undefined;
  }
}

const version = 1;

function nameOf(pointer: string, part: 'key' | 'value' | undefined): string {
  return part === undefined ? pointer : `${pointer} ${part}`;
}
