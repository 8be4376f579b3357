// The strict grammar of a Responses stream (protocols §3.5, §12), checked event by event. Written by hand, apart from the
// codec; the official SDK is laxer than some clients are.

type Value = { readonly [key: string]: unknown };

interface OpenItem {
  readonly id: string;
  readonly type: string;
  /** Open parts, by index and kind, with what their deltas said. */
  readonly parts: Map<string, string>;
  text: string;
}

/** Faults of a whole stream, each as one line; empty for a stream that every client takes. */
export function findStreamFaults(text: string): readonly string[] {
  const faults: string[] = [];
  const frames = text.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'));
  const events = frames.map((frame, i) => {
    const [name, data] = frame.split('\n');
    const value = JSON.parse(data!.slice('data: '.length)) as Value;
    if (name !== `event: ${String(value['type'])}`)
      faults.push(`frame ${i}: ${name} holds ${String(value['type'])}`);
    if (value['sequence_number'] !== i) faults.push(`frame ${i}: number ${String(value['sequence_number'])}`);
    return value;
  });
  const types = events.map(({ type }) => String(type));
  if (types[0] !== 'response.created' || types[1] !== 'response.in_progress')
    faults.push('no proper beginning');
  const last = types.at(-1);
  if (last !== 'response.completed' && last !== 'response.incomplete') faults.push(`ends in ${last}`);
  const open = new Map<number, OpenItem>();
  const done: string[] = [];
  const fault = (i: number, words: string): void => void faults.push(`frame ${i}, ${types[i]}: ${words}`);
  events.forEach((event, i) => readEvent(event, { open, done, fault: (words) => fault(i, words) }));
  if (open.size > 0) faults.push('items that never end');
  const response = events.at(-1)!['response'] as Value;
  if (JSON.stringify(response['output']) !== `[${done.join(',')}]`)
    faults.push('the whole differs from its items');
  for (const event of events.filter(({ response: one }) => one !== undefined))
    faults.push(...findResponseFaults(event['response'] as Value));
  return faults;
}

interface State {
  readonly open: Map<number, OpenItem>;
  readonly done: string[];
  fault(words: string): void;
}

function readEvent(event: Value, { open, done, fault }: State): void {
  const type = String(event['type']);
  if (/^response\.(created|in_progress|completed|incomplete)$/.test(type)) return;
  const index = event['output_index'] as number;
  if (type === 'response.output_item.added') {
    const item = event['item'] as Value;
    if (index !== done.length + open.size) fault(`place ${index}`);
    if (open.size > 0) fault('another item is open');
    open.set(index, { id: String(item['id']), type: String(item['type']), parts: new Map(), text: '' });
    return;
  }
  const item = open.get(index);
  if (item === undefined) return fault(`no item at ${index}`);
  if (type === 'response.output_item.done') {
    const value = event['item'] as Value;
    if (value['id'] !== item.id || value['type'] !== item.type) fault('is another item');
    if (item.parts.size > 0) fault('parts are open');
    const told = wholeOf(value);
    if (told !== undefined && told !== item.text) fault(`says ${told}, its events said ${item.text}`);
    open.delete(index);
    done.push(JSON.stringify(value));
    return;
  }
  if (event['item_id'] !== item.id) fault(`item ${String(event['item_id'])}`);
  const part = event['content_index'] ?? event['summary_index'];
  const key = String(part);
  if (type.endsWith('part.added')) {
    item.parts.set(key, '');
  } else if (type.endsWith('part.done')) {
    if (!item.parts.delete(key)) fault(`part ${key} is not open`);
  } else if (type.endsWith('.delta')) {
    const inPart = part !== undefined;
    if (inPart && !item.parts.has(key)) fault(`part ${key} is not open`);
    if (inPart) item.parts.set(key, item.parts.get(key)! + String(event['delta']));
    item.text += String(event['delta']);
    if (type === 'response.output_text.delta' && !Array.isArray(event['logprobs'])) fault('no logprobs');
  } else if (type.endsWith('.done')) {
    const whole = event['text'] ?? event['refusal'] ?? event['arguments'] ?? event['input'];
    const said = part === undefined ? item.text : item.parts.get(key);
    if (whole !== said) fault(`is ${String(whole)}, its deltas said ${String(said)}`);
    if (type === 'response.function_call_arguments.done' && typeof event['name'] !== 'string')
      fault('no name');
  } else if (type === 'response.output_text.annotation.added') {
    if (!item.parts.has(key)) fault(`part ${key} is not open`);
  } else fault('is no known event');
}

/** All text of an item, where its events tell it. */
function wholeOf(item: Value): string | undefined {
  switch (item['type']) {
    case 'message':
      return (item['content'] as Value[]).map((part) => String(part['text'] ?? part['refusal'])).join('');
    case 'reasoning':
      return (item['summary'] as Value[]).map(({ text }) => String(text)).join('');
    case 'function_call':
      return String(item['arguments']);
    case 'custom_tool_call':
      return String(item['input']);
    default:
      return undefined;
  }
}

/** Fields that the types of the official SDK require. */
const required: Readonly<Record<string, readonly string[]>> = {
  id: ['string'],
  object: ['string'],
  created_at: ['number'],
  status: ['string'],
  model: ['string'],
  output: ['array'],
  error: ['null', 'object'],
  incomplete_details: ['null', 'object'],
  instructions: ['null', 'string'],
  metadata: ['null', 'object'],
  parallel_tool_calls: ['boolean'],
  temperature: ['null', 'number'],
  tool_choice: ['string', 'object'],
  tools: ['array'],
  top_p: ['null', 'number'],
  access_programs: ['null'],
};

export function findResponseFaults(response: Value): readonly string[] {
  const kindOf = (value: unknown): string =>
    value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return Object.entries(required)
    .filter(([field, kinds]) => !kinds.includes(kindOf(response[field])))
    .map(([field]) => `the response's ${field} is ${kindOf(response[field])}`);
}
