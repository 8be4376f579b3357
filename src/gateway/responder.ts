// The way back to the client: one small interface over Node's response (fast lane) and over a web stream (h3, fetch).
// A contract suite runs the same cases against both.

export interface Responder {
  /** Sends the status line and headers once; `headers` is flat: name, value, name, value. */
  writeHead(status: number, headers: readonly string[]): void;
  /** Hands bytes on; false asks the caller to wait for `onDrain`. */
  write(chunk: Uint8Array | string): boolean;
  end(chunk?: Uint8Array | string): void;
  /** Breaks the connection so that a half-sent answer cannot look complete. */
  destroy(): void;
  /** Called whenever writing may go on; a later listener replaces an earlier one. */
  onDrain(listener: () => void): void;
  /** Called once when the client's side is gone before `end`; a later listener replaces an earlier one. */
  onClose(listener: () => void): void;
  readonly headersSent: boolean;
  readonly closed: boolean;
}
