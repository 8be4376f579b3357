// `{name}` in plain data → the value of that name: a text that is nothing else becomes the value itself, be it a number,
// a list or true, but never a map; inside of a longer text, and in keys, its spelling.

/** Names that `values` does not have stay as they are. */
export function fillPlaceholders(value: unknown, values: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === 'string') {
    const whole = /^\{([\w-]+)\}$/.exec(value)?.[1];
    if (whole === undefined || !Object.hasOwn(values, whole)) return fillText(value, values);
    const given = values[whole];
    // A whole part of a test is written where it stands, so that its defaults can be filled in.
    return typeof given === 'object' && given !== null && !Array.isArray(given) ? value : given;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => fillPlaceholders(item, values));
  if (value === null || typeof value !== 'object') return value;
  const filled = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of Object.entries(value))
    filled[fillText(key, values)] = fillPlaceholders(item, values);
  return filled;
}

/** The same for a text that stays one. */
export function fillText(text: string, values: Readonly<Record<string, unknown>>): string {
  return text.replaceAll(/\{([\w-]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? renderPlaceholder(values[name]) : whole,
  );
}

export function renderPlaceholder(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
