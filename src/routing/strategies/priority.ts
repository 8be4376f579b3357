// priority: the order of the file.
import { ordered, type Strategy } from './strategy.ts';

export const priority: Strategy = {
  name: 'priority',
  meaning: 'The order of the file: the first target that can be tried, then the next.',
  demands: [],
  order: (branches, context) => ordered(context, branches, 'priority: the order of the file'),
};
