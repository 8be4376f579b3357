// random: a fair shuffle; weights are not looked at.
import { ordered, type Strategy } from './strategy.ts';

export const random: Strategy = {
  name: 'random',
  meaning: 'A fair shuffle for every request; weights are not looked at.',
  demands: [],
  order: (branches, context) => ordered(context, shuffle(branches, context.random), 'random: shuffled'),
};

/** Fisher and Yates: every order is equally likely. */
export function shuffle<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  const shuffled: Item[] = [...items];
  for (let index = shuffled.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!];
  }
  return shuffled;
}
