// The tree → plain data as the schema sees it: shorthands written out, variables substituted and re-typed, references
// collected. Walks the layout beside the tree, and notes every key that nothing acts on yet.
import type { Diagnostic, SourcePosition } from '../diagnostics.ts';
import { escapeSegment } from '../lib/json-pointer.ts';
import { renderNearest } from '../lib/nearest.ts';
import type { Environment } from './environment.ts';
import { layout } from './generated/layout.ts';
import type { SecretReference } from './generated/types.ts';
import { allowsType, stepLayout, type LayoutNode } from './layout.ts';
import { isEmptyValue } from './plain.ts';
import { referenceSources, renderReference, splitReferences } from './references.ts';
import { createFault, type FaultDetails, type LoadCode } from './rules.ts';
import { positionOf, type ConfigNode, type MapEntry, type MapNode, type ScalarNode } from './tree.ts';

/** A secret that the file names. */
export interface FoundReference {
  readonly pointer: string;
  readonly reference: SecretReference;
  readonly at: SourcePosition;
}

export interface Interpretation {
  /** Null-prototype objects, lists and scalars; what is wrong in it is for the validator to say. */
  readonly value: Record<string, unknown>;
  readonly references: readonly FoundReference[];
  /** Variables that ordinary texts name, by pointer of the text. */
  readonly variables: ReadonlyMap<string, readonly string[]>;
  /** Pointers whose value could not be made: the validator need not complain about them. */
  readonly unusable: ReadonlySet<string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Interprets a whole document. */
export function interpret(root: MapNode, environment: Environment): Interpretation {
  const walk = new Walk(environment);
  return {
    value: walk.map(root, layout, ''),
    references: walk.references,
    variables: walk.variables,
    unusable: walk.unusable,
    diagnostics: walk.diagnostics,
  };
}

class Walk {
  readonly references: FoundReference[] = [];
  readonly variables = new Map<string, readonly string[]>();
  readonly unusable = new Set<string>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  map(node: MapNode, shape: LayoutNode | undefined, pointer: string): Record<string, unknown> {
    const value: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, entry] of node.entries) {
      const below = `${pointer}/${escapeSegment(name)}`;
      const child = shape && !shape.free ? stepLayout(shape, name) : undefined;
      value[name] = this.#value(entry.value, child, below, shape?.free === true);
      if (child?.deprecated !== undefined) this.#noteDeprecated(name, entry, node, child.deprecated, below);
      if (child?.notYet) this.#noteNotYet(name, entry, value[name], child, below);
    }
    return value;
  }

  #value(node: ConfigNode, shape: LayoutNode | undefined, pointer: string, free: boolean): unknown {
    const raw = free || shape?.free === true;
    if (node.flawed) this.unusable.add(pointer);
    if (node.kind === 'map') {
      if (shape?.secret) this.#rejectLiteral(node, pointer);
      return this.map(node, shape, pointer);
    }
    if (node.kind === 'list') {
      if (shape?.secret) this.#rejectLiteral(node, pointer);
      return node.items.map((item, index) => this.#value(item, shape?.items, `${pointer}/${index}`, raw));
    }
    if (raw) return node.value;
    if (shape?.secret) return this.#secret(node, pointer);
    const inner = shape?.shorthand;
    // an empty value is no shorthand: the validator says that something is missing
    if (shape && inner !== undefined && node.value !== null) {
      const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      object[inner] = this.#value(node, shape.properties?.[inner], `${pointer}/${inner}`, false);
      return object;
    }
    return this.#scalar(node, shape, pointer);
  }

  /** A field that must hold exactly one reference. The value itself never gets into a message. */
  #secret(node: ScalarNode, pointer: string): unknown {
    // nothing at all is not a secret: the validator says what is missing
    if (node.value === null) return null;
    if (typeof node.value !== 'string') return this.#rejectLiteral(node, pointer);
    const pieces = splitReferences(node.value);
    const [piece, second] = pieces;
    if (piece?.kind === 'reference' && second === undefined) {
      this.references.push({ pointer, reference: piece.reference, at: positionOf(node) });
      return node.value;
    }
    const spelled = pieces.find(({ kind }) => kind === 'malformed' || kind === 'unknown-source');
    if (spelled) return this.#rejectPiece(spelled, node, pointer, true);
    return this.#rejectLiteral(node, pointer);
  }

  #rejectLiteral(node: ConfigNode, pointer: string): unknown {
    const name = pointer.split('/').findLast((segment) => !/^\d+$/.test(segment)) ?? 'secret';
    this.#fail(
      'reference/literal-secret',
      node,
      pointer,
      `${name} holds a literal; only a reference may stand here`,
      {
        suggestion:
          'write "${env:NAME}", "${file:/path}" or "${secret:name}" and revoke the literal if it was real',
        sensitive: true,
      },
    );
    return '${env:REDACTED}';
  }

  #scalar(node: ScalarNode, shape: LayoutNode | undefined, pointer: string): unknown {
    if (typeof node.value !== 'string' || !node.value.includes('${') || !shape) return node.value;
    let text = '';
    const names: string[] = [];
    for (const piece of splitReferences(node.value)) {
      if (piece.kind === 'text') text += piece.text;
      else if (piece.kind !== 'reference') return this.#rejectPiece(piece, node, pointer, false);
      else if (piece.reference.source !== 'env') return this.#rejectMisplaced(piece.reference, node, pointer);
      else {
        const { name, fallback } = piece.reference;
        names.push(name);
        const set = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
        // as in a shell: `:-` also stands in for an empty value
        const value = set === '' || set === undefined ? (fallback ?? set) : set;
        if (value === undefined) return this.#rejectUnset(name, node, pointer);
        text += value;
      }
    }
    if (names.length > 0) this.variables.set(pointer, names);
    return this.#retype(text, names, node, shape, pointer);
  }

  /** A substituted text as the type that the key wants. */
  #retype(
    text: string,
    names: readonly string[],
    node: ScalarNode,
    shape: LayoutNode,
    pointer: string,
  ): unknown {
    if (names.length === 0 || allowsType(shape, 'string')) return text;
    const trimmed = text.trim();
    if (allowsType(shape, 'boolean')) {
      if (/^(true|yes|on|1)$/i.test(trimmed)) return true;
      if (/^(false|no|off|0)$/i.test(trimmed)) return false;
    } else if (allowsType(shape, 'integer') || allowsType(shape, 'number')) {
      if (/^-?\d{1,15}(\.\d{1,15})?$/.test(trimmed)) return Number(trimmed);
    }
    const wanted = allowsType(shape, 'boolean') ? 'true or false' : 'a number';
    this.#fail('reference/wrong-type', node, pointer, `the value of ${names.join(', ')} is not ${wanted}`);
    return null;
  }

  #rejectPiece(
    piece: { readonly kind: string; readonly name?: string },
    node: ScalarNode,
    pointer: string,
    secret: boolean,
  ): unknown {
    if (piece.kind === 'unknown-source') {
      const name = piece.name ?? '';
      const near = renderNearest(name, referenceSources);
      // in a secret field the word may be the secret itself
      const told = secret && near === undefined ? '' : `, not "${name}"`;
      const shell = secret ? 'write ${env:NAME}' : `write \${env:${name}}, or $\${ for a literal \${`;
      this.#fail('reference/unknown-source', node, pointer, `a reference names env, file or secret${told}`, {
        suggestion: near ?? shell,
        sensitive: secret,
      });
    } else {
      this.#fail('reference/malformed', node, pointer, 'this is not spelled like a reference', {
        suggestion: 'write ${env:NAME}, ${env:NAME:-default}, ${file:/path} or ${secret:name}',
        sensitive: secret,
      });
    }
    return secret ? '${env:REDACTED}' : null;
  }

  #rejectMisplaced(reference: SecretReference, node: ScalarNode, pointer: string): unknown {
    const message = `${renderReference(reference)} may only stand in a secret field`;
    this.#fail('reference/misplaced', node, pointer, message, {
      suggestion: 'use ${env:NAME}, or write the value',
    });
    return null;
  }

  #rejectUnset(name: string, node: ScalarNode, pointer: string): unknown {
    this.#fail('reference/unset-variable', node, pointer, `the variable ${name} is not set`, {
      suggestion: `set it, or write \${env:${name}:-default}`,
    });
    return null;
  }

  #noteNotYet(name: string, entry: MapEntry, value: unknown, shape: LayoutNode, pointer: string): void {
    const { severity, values } = shape.notYet ?? { severity: 'error' };
    if (values) {
      if (typeof value !== 'string' || !values.includes(value)) return;
      this.#note(`${name}: ${value}`, entry.value, pointer, severity);
      return;
    }
    // an empty section asks for nothing
    if (isEmptyValue(value) || value === shape.default) return;
    this.#note(name, entry.key, pointer, severity);
  }

  #noteDeprecated(name: string, entry: MapEntry, map: MapNode, use: string, pointer: string): void {
    const both = map.entries.get(use);
    const at = positionOf(entry.key);
    this.diagnostics.push(
      createFault(
        'language/deprecated',
        both ? `${use} is written too and wins over ${name}` : `${name} is now called ${use}`,
        {
          at,
          pointer,
          suggestion: both ? `delete ${name}` : `write ${use}`,
          ...(both
            ? { related: [{ message: use, at: positionOf(both.key) }] }
            : { fix: { title: `rename to ${use}`, at, text: use } }),
        },
      ),
    );
  }

  #note(what: string, place: MapEntry['key'], pointer: string, severity: 'error' | 'warning' | 'info'): void {
    const effect = severity === 'error' ? '; remove it' : '; it has no effect';
    this.diagnostics.push(
      createFault('language/not-yet', `nothing acts on "${what}" yet${effect}`, {
        at: positionOf(place),
        pointer,
        severity,
      }),
    );
  }

  #fail(
    code: LoadCode,
    node: ConfigNode,
    pointer: string,
    message: string,
    details: FaultDetails = {},
  ): void {
    this.unusable.add(pointer);
    this.diagnostics.push(createFault(code, message, { at: positionOf(node), pointer, ...details }));
  }
}
