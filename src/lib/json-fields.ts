// Checks of the top-level fields that a scan has found, with the errors that a client should read.
import { GatewayError } from '../errors.ts';
import { JsonFault, scanObject, typeAt } from './json-scan.ts';
import type { JsonKeys, JsonSpan, JsonSpans } from './json-scan.ts';

type JsonType = ReturnType<typeof typeAt>;

/** Scans a whole request body. Throws GatewayError 400: not JSON, too deep, or a wanted key twice. */
export function scanBody<Name extends string>(
  body: Uint8Array,
  keys: JsonKeys<Name>,
  maxDepth: number,
): JsonSpans<Name> {
  try {
    return scanObject(body, keys, maxDepth);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    if (error.kind === 'duplicate') {
      throw new GatewayError('duplicate_key', `The body ${error.message}.`, { param: error.key ?? '' });
    }
    const code = error.kind === 'depth' ? 'body_too_deep' : 'invalid_json';
    throw new GatewayError(code, `The body is not usable JSON: it ${error.message}.`);
  }
}

/** The span of the field `name`, which must be there. Throws GatewayError 400 `invalid_body`. */
export function demandField(
  body: Uint8Array,
  span: JsonSpan | undefined,
  name: string,
  type: JsonType,
): JsonSpan {
  const field = optionalField(body, span, name, type);
  if (field) return field;
  throw new GatewayError('invalid_body', `"${name}" is missing; it must be ${article(type)}.`, {
    param: name,
  });
}

/** The span of the field `name`, undefined when absent or null. Throws GatewayError 400 `invalid_body` for another type. */
export function optionalField(
  body: Uint8Array,
  span: JsonSpan | undefined,
  name: string,
  type: JsonType,
): JsonSpan | undefined {
  if (!span) return undefined;
  const found = typeAt(body, span);
  if (found === type) return span;
  if (found === 'null') return undefined;
  throw new GatewayError('invalid_body', `"${name}" must be ${article(type)}, not ${article(found)}.`, {
    param: name,
  });
}

function article(type: JsonType): string {
  if (type === 'null') return 'null';
  return /^[aeo]/.test(type) ? `an ${type}` : `a ${type}`;
}
