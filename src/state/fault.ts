// Why the state cannot be used at all. Apart from the driver, so that the main thread never loads the native module.

/** Transient faults (locked, full) are not here: the writer repeats what they refused. */
export type StateFault = 'newer-schema' | 'corrupt' | 'unopenable' | 'migration';

/** Thrown at start only. The message names the file and what to do. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly fault: StateFault;

  constructor(fault: StateFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.fault = fault;
  }
}
