// Secrets are resolved when a configuration is loaded and read synchronously afterwards. Preparing and committing are
// two steps, so that a refused reload leaves the values of the serving snapshot alone.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SecretReader } from '../routing/ports.ts';
import type { SecretReference } from '../routing/snapshot.ts';
import { LockedSecretError } from './vault.ts';

export interface SecretsOptions {
  /** Usually a copy of `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder that relative `${file:}` paths start from: the one of the main configuration file. */
  readonly folder: string;
  /**
   * Looks into the encrypted store for `${secret:}`; every such reference is unresolved when left out. Throws
   * LockedSecretError for what is there and cannot be opened.
   */
  readonly readStored?: (name: string) => string | undefined | Promise<string | undefined>;
  /** Reads a whole file; tests replace it. */
  readonly readFile?: (path: string) => Promise<Uint8Array>;
}

/** A reference without a value. The message says what to do and never holds a value. */
export interface UnresolvedSecret {
  readonly reference: SecretReference;
  readonly message: string;
  /** It is in the store, and no key at hand opens it: no configuration that names it may serve. */
  readonly locked?: true;
}

/** A file that secrets came from: reload when its hash differs. */
export interface SecretFile {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of its bytes in hex, or null while it cannot be read. */
  readonly hash: string | null;
}

export interface PreparedSecrets {
  readonly unresolved: readonly UnresolvedSecret[];
  readonly files: readonly SecretFile[];
  /** Whether any value differs from the one in use. */
  readonly changed: boolean;
  /** Takes the values into use; the epoch counts up when any of them changed. */
  commit(): void;
}

export interface Secrets extends SecretReader {
  /** Resolves all references of a configuration anew. Never rejects. */
  prepare(references: Iterable<SecretReference>): Promise<PreparedSecrets>;
  /** The files behind the values in use. */
  readonly files: readonly SecretFile[];
  /** Every value in use, for the redaction of logs. */
  values(): readonly string[];
}

/** Larger files are no secrets but a mistake. */
const maxFileBytes = 64 * 1024;

type Values = ReadonlyMap<SecretReference['source'], ReadonlyMap<string, string>>;

/** Nothing is resolved before the first `prepare` is committed; the epoch of that commit is 1. */
export function createSecrets(options: SecretsOptions): Secrets {
  const readFile = options.readFile ?? readWholeFile;
  let values: Values = new Map();
  // Values that the configuration in use no longer names: requests that began before the reload may still read them.
  let previous: Values = new Map();
  let files: readonly SecretFile[] = [];
  let epoch = 0;

  const resolveOne = async (
    reference: SecretReference,
    seen: Map<string, SecretFile>,
  ): Promise<string | { readonly problem: string; readonly locked?: true }> => {
    const { source, name } = reference;
    if (source === 'env') {
      const value = Object.hasOwn(options.environment, name) ? options.environment[name] : undefined;
      return value || { problem: `The variable ${name} is not set.` };
    }
    if (source === 'secret') {
      try {
        return (await options.readStored?.(name)) || { problem: `The secret store holds no "${name}".` };
      } catch (error) {
        if (!(error instanceof LockedSecretError)) throw error;
        return { problem: error.message, locked: true };
      }
    }
    const path = resolve(options.folder, name);
    try {
      const bytes = await readFile(path);
      seen.set(path, { path, hash: createHash('sha256').update(bytes).digest('hex') });
      // Editors and `echo` end a file with a line break; no secret does.
      const text = new TextDecoder().decode(bytes).replace(/[\r\n]+$/, '');
      return text || { problem: `${path} is empty.` };
    } catch (error) {
      seen.set(path, { path, hash: null });
      return {
        problem: `${path} cannot be read (${error instanceof Error ? error.message : String(error)}).`,
      };
    }
  };

  return {
    read: ({ source, name, fallback }) =>
      values.get(source)?.get(name) ?? previous.get(source)?.get(name) ?? fallback,
    get epoch() {
      return epoch;
    },
    get files() {
      return files;
    },
    values: () => listValues(values),
    prepare: async (references) => {
      const next = new Map<SecretReference['source'], Map<string, string>>();
      const seen = new Map<string, SecretFile>();
      const unresolved: UnresolvedSecret[] = [];
      const outcomes = new Map<string, Awaited<ReturnType<typeof resolveOne>>>();
      for (const reference of references) {
        const id = idOf(reference.source, reference.name);
        const outcome = outcomes.get(id) ?? (await resolveOne(reference, seen));
        outcomes.set(id, outcome);
        if (typeof outcome === 'string') {
          const named = next.get(reference.source) ?? new Map<string, string>();
          next.set(reference.source, named.set(reference.name, outcome));
        } else if (reference.fallback === undefined || outcome.locked) {
          const { problem, locked } = outcome;
          unresolved.push({ reference, message: problem, ...(locked && { locked }) });
        }
      }
      const changed = !sameValues(values, next);
      const found = [...seen.values()];
      return {
        unresolved,
        files: found,
        changed,
        commit: () => {
          if (changed || epoch === 0) epoch++;
          previous = omitNamed(values, outcomes);
          values = next;
          files = found;
        },
      };
    },
  };
}

function idOf(source: SecretReference['source'], name: string): string {
  return `${source}:${name}`;
}

function omitNamed(values: Values, ids: ReadonlyMap<string, unknown>): Values {
  return new Map(
    [...values].map(([source, named]) => [
      source,
      new Map([...named].filter(([name]) => !ids.has(idOf(source, name)))),
    ]),
  );
}

function sameValues(a: Values, b: Values): boolean {
  const render = (values: Values): string =>
    JSON.stringify(
      [...values].flatMap(([source, named]) => [...named].map((entry) => [source, ...entry])).sort(),
    );
  return render(a) === render(b);
}

function listValues(values: Values): readonly string[] {
  return [...values.values()].flatMap((named) => [...named.values()]);
}

async function readWholeFile(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    // A pipe or a file that grows gives its bytes in pieces.
    for (let read = 1; read > 0 && length < buffer.length; length += read) {
      read = (await file.read(buffer, length, buffer.length - length)).bytesRead;
    }
    if (length > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes} bytes`);
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}
