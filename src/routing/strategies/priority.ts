// priority: the order of the file.
import { ordered, type Strategy } from './strategy.ts';

export const priority: Strategy = (branches, context) =>
  ordered(context, branches, 'priority: the order of the file');
