// Servers that do not know JSON Schema, or not all of it, refuse a request for its schemas: it is sent once more in
// Google's older dialect.
import type { UpstreamFailure } from '../../errors.ts';
import { isObject } from '../../lib/json.ts';
import type { JsonObject } from '../../lib/json.ts';
import { toGoogle } from './schema.ts';

const aboutSchemas =
  /schema|function_?declarations|parameters|properties|\$ref|\$defs|additionalProperties|Unknown name|Invalid JSON payload/i;

/** The body in the older dialect; undefined when the refusal was about something else, or nothing is left to change. */
export function repairBody(body: JsonObject, failure: UpstreamFailure): JsonObject | undefined {
  if (failure.class !== 'invalid_request' || !aboutSchemas.test(failure.message)) return undefined;
  let changed = false;
  const tools = Array.isArray(body['tools'])
    ? (body['tools'] as unknown[]).map((tool) => {
        if (!isObject(tool) || !Array.isArray(tool['functionDeclarations'])) return tool;
        return { ...tool, functionDeclarations: (tool['functionDeclarations'] as unknown[]).map(clean) };
      })
    : undefined;
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {};
  const { responseJsonSchema: schema, ...rest } = config as JsonObject & { responseJsonSchema?: unknown };
  const generationConfig = isObject(schema) ? { ...rest, responseSchema: toGoogle(schema) } : config;
  changed ||= isObject(schema);
  if (!changed) return undefined;
  return {
    ...body,
    ...(tools && { tools }),
    ...(Object.keys(generationConfig).length > 0 && { generationConfig }),
  };

  function clean(declaration: unknown): unknown {
    if (!isObject(declaration) || !isObject(declaration['parametersJsonSchema'])) return declaration;
    changed = true;
    const { parametersJsonSchema: parameters, ...bare } = declaration as JsonObject & {
      parametersJsonSchema: JsonObject;
    };
    const converted = toGoogle(parameters);
    // An object without properties is refused; a function without parameters is not.
    const { properties } = converted;
    const isEmpty = !isObject(properties) || Object.keys(properties).length === 0;
    return isEmpty ? bare : { ...bare, parameters: converted };
  }
}
