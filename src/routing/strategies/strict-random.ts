// strict-random: a shuffled deck. Every target comes first once before any comes first again; the deck of each round is
// computed from the round's number, so that the place in the deck is all that has to be remembered.
import { createRandom } from '../../lib/random.ts';
import { hashText } from '../../lib/stable-hash.ts';
import { renderTarget } from '../resolve.ts';
import type { Combo, Target } from '../snapshot.ts';
import { shuffle } from './random.ts';
import { ordered, type Strategy } from './strategy.ts';

export const strictRandom: Strategy = {
  name: 'strict-random',
  meaning: 'A shuffled deck: every target comes first once before any comes first again.',
  demands: [],
  order(branches, context) {
    const { combo, world } = context;
    const size = combo.targets.length;
    const position = world.rotation(combo.name);
    // The deck holds all targets of the file: one that is away now is passed over, and does not come twice later.
    for (let step = 0; step < 2 * size; step++) {
      const place = position + step;
      const drawn = dealDeck(combo, Math.floor(place / size))[place % size];
      const first = branches.find(({ target }) => target === drawn);
      if (!first) continue;
      const effect = {
        kind: 'rotate',
        combo: combo.name,
        position: (place + 1) % (size * 0x10_0000),
      } as const;
      const message = `strict-random: dealt ${renderTarget(first.target)}, card ${(place % size) + 1} of ${size}`;
      return ordered(context, [first, ...branches.filter((branch) => branch !== first)], message, [effect]);
    }
    return ordered(context, branches, 'strict-random: the order of the file');
  },
};

function dealDeck(combo: Combo, round: number): readonly Target[] {
  // Of two cards only one order never shows the same card twice in a row.
  if (combo.targets.length < 3) return shuffleRound(combo, 0);
  const deck = shuffleRound(combo, round);
  const [first, second, ...rest] = deck;
  // The last card of a round must not be the first of the next; the swap leaves this round's own last card alone.
  const repeats = round > 0 && first === shuffleRound(combo, round - 1).at(-1);
  return repeats ? [second!, first!, ...rest] : deck;
}

function shuffleRound({ name, targets }: Combo, round: number): readonly Target[] {
  return shuffle(targets, createRandom(hashText(`${name} ${round}`)));
}
