// Streaming decompressors for HTTP content encodings, with bounded windows. The caller counts what comes out and stops a
// bomb while it unfolds; nothing here ever holds a whole body.
import type { Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib';

/** Encodings that the gateway reads, `identity` aside. */
export const contentEncodings = ['gzip', 'deflate', 'br', 'zstd'] as const;

export type ContentEncoding = (typeof contentEncodings)[number];

/**
 * The encoding that a Content-Encoding header names; undefined for none at all, `unknown` for one that is not read.
 * Chains (`gzip, gzip`) are not read: no client sends them, and every layer multiplies a bomb.
 */
export function readEncoding(header: string | undefined): ContentEncoding | 'unknown' | undefined {
  const name = header?.trim().toLowerCase();
  if (name === undefined || name === '' || name === 'identity') return undefined;
  if (name === 'x-gzip') return 'gzip';
  return contentEncodings.find((encoding) => encoding === name) ?? 'unknown';
}

/** A stream that takes compressed bytes and gives plain ones. `first` is the first byte of the input. */
export function createInflater(encoding: ContentEncoding, first: number): Transform {
  switch (encoding) {
    case 'gzip':
      return createGunzip();
    case 'deflate':
      // The RFC means zlib, some senders mean raw deflate; a zlib header has 8 in its low half.
      return (first & 0x0f) === 8 ? createInflate() : createInflateRaw();
    case 'br':
      return createBrotliDecompress();
    case 'zstd':
      // RFC 9659 bounds the window of this content encoding at 8 MB; the library's own default is 128 MB.
      return createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } });
  }
}
