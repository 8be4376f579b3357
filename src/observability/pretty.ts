// Log lines for a person at a terminal: time, level, message, then the fields that matter. Made from the JSON line, so
// that both forms say the same and both are redacted by the same code.

const colours: Readonly<Record<string, number>> = {
  trace: 90,
  debug: 90,
  info: 36,
  warn: 33,
  error: 31,
  fatal: 31,
};

/** One JSON line → one or more lines of text. What is no JSON object is passed on as it is. */
export function renderPretty(line: string, colour: boolean): string {
  const fields = parseLine(line);
  if (!fields) return line;
  const { time, level, msg, err, ...rest } = fields;
  const paint = (code: number, text: string): string => (colour ? `\u001B[${code}m${text}\u001B[0m` : text);
  const clock = typeof time === 'number' ? new Date(time).toISOString().slice(11, 23) : '';
  const name = String(level);
  const parts = [
    paint(90, clock),
    paint(colours[name] ?? 0, name.toUpperCase().padEnd(5)),
    String(msg ?? ''),
  ];
  for (const [field, value] of Object.entries(rest)) {
    if (value === null || value === undefined || value === '') continue;
    parts.push(
      `${paint(90, `${field}=`)}${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    );
  }
  const stack = isRecord(err) ? `\n${indent(String(err['stack'] ?? err['message'] ?? ''))}` : '';
  return `${parts.join(' ')}${stack}\n`;
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
