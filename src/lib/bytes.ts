// Views of bytes as text, so that folders which also run outside Node need no Buffer of their own. Nothing is copied
// unless a text is made.

/** One character per byte: offsets are the same in both. */
export function latin1(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}

export function utf8(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8');
}

export function encodeUtf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** One byte per character; the inverse of `latin1`. */
export function encodeLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Offset of a text in the bytes, -1 when it is not there. */
export function findText(bytes: Uint8Array, text: string): number {
  return asBuffer(bytes).indexOf(text);
}

/** Offset of a byte, -1 when it is not there. Several times as fast as `indexOf` of other byte arrays. */
export function findByte(bytes: Uint8Array, byte: number): number {
  return asBuffer(bytes).indexOf(byte);
}

export function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64');
}

/** What is no base64 is skipped. */
export function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}

/** The same bytes with Node's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
