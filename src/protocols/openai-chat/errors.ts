// Failures of Chat: OpenAI's envelope, in a stream as a frame whose JSON has an `error`.
import { createOpenAiErrors } from '../openai/errors.ts';

export const errors = createOpenAiErrors((error) => `data: ${JSON.stringify({ error })}\n\n`);
