// A pipe that is looked into: what goes through it is seen by somebody else too, what it counts stays its own.
import type { AnswerPipe, PipeStep } from '../protocols/protocol.ts';

/** `look` sees every step and cannot change it; `finish` comes behind the last one. */
export function watchPipe(
  pipe: AnswerPipe,
  look: (step: PipeStep) => void,
  finish?: (last: PipeStep) => void,
): AnswerPipe {
  const pass = (step: PipeStep): PipeStep => {
    look(step);
    return step;
  };
  return {
    push: (chunk) => pass(pipe.push(chunk)),
    end: () => {
      const step = pass(pipe.end());
      finish?.(step);
      return step;
    },
    usage: () => pipe.usage(),
    outputCharacters: () => pipe.outputCharacters(),
  };
}
