// The part of JSON Schema that Anthropic can guarantee (protocols §4.7).
import type { JsonObject } from '../../lib/json.ts';
import { restrictSchema } from '../../lib/json-schema.ts';
import type { SchemaSubset } from '../../lib/json-schema.ts';

const subset: SchemaSubset = {
  keywords: new Set(['default']),
  formats: new Set([
    'date-time',
    'time',
    'date',
    'duration',
    'email',
    'hostname',
    'uri',
    'ipv4',
    'ipv6',
    'uuid',
  ]),
  minItems: (count) => count === 0 || count === 1,
};

export function restrictForAnthropic(schema: JsonObject): JsonObject {
  return restrictSchema(schema, subset);
}
