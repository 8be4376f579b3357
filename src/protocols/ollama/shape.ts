// The two ways in which Ollama spells an answer: a message (chat), or the members of one beside the others (generate).
import { isObject, type JsonObject } from '../../lib/json.ts';

export interface Shape {
  /** Members of a line that says a piece of text; `text` is JSON. */
  content(text: string): string;
  /** Members of a line that says something else, given as JSON members. */
  beside(members: string): string;
  /** Members of a whole answer. */
  whole(content: string, others: JsonObject): JsonObject;
}

export const chatShape: Shape = {
  content: (text) => `"message":{"role":"assistant","content":${text}}`,
  beside: (members) => `"message":{"role":"assistant","content":"",${members}}`,
  whole: (content, others) => ({ message: { role: 'assistant', content, ...others } }),
};

export const generateShape: Shape = {
  content: (text) => `"response":${text}`,
  beside: (members) => `"response":"",${members}`,
  whole: (content, others) => ({ response: content, ...others }),
};

/** Whether a line of either shape brings more than a sign of life. */
export function saysSomething(value: JsonObject): boolean {
  const { message } = value;
  const said = isObject(message) ? message : value;
  return ['content', 'response', 'thinking', 'tool_calls', 'images'].some((name) => {
    const member = said[name];
    return typeof member === 'string' ? member !== '' : Array.isArray(member) && member.length > 0;
  });
}
