// Tool names that a wire does not accept get another one, stable across turns, and their own back in the answer.

export interface ToolNames {
  /** Name on the wire. */
  encode(name: string): string;
  /** The name that the client gave. */
  decode(name: string): string;
}

/** For wires that take the names as they are. */
export const sameNames: ToolNames = { encode: (name) => name, decode: (name) => name };

/**
 * `allowed` matches a whole name and each single sign that may stand in it; a name has at most `longest` characters. A
 * changed name ends in a hash of the whole old one, so that two long names with one beginning stay apart.
 */
export function createToolNames(allowed: RegExp, longest: number): ToolNames {
  const originals = new Map<string, string>();
  return {
    encode(name) {
      if (name.length <= longest && allowed.test(name)) return name;
      const readable = [...name].map((sign) => (allowed.test(sign) ? sign : '_')).join('');
      const changed = `${readable.slice(0, longest - 9)}_${hash(name)}`;
      originals.set(changed, name);
      return changed;
    },
    decode: (name) => originals.get(name) ?? name,
  };
}

/** Call ids, the same way; they need no way back, because the client sends the changed one itself. */
export function fitCallId(id: string): string {
  if (/^[\w-]{1,64}$/.test(id)) return id;
  return `${id.replace(/[^\w-]/g, '_').slice(0, 40)}_${hash(id)}`;
}

/** FNV-1a over UTF-16 units, 32 bits as eight hex digits: short, stable, and no secret depends on it. */
function hash(text: string): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return (state >>> 0).toString(16).padStart(8, '0');
}
