/** Chance from a seed: the same seed throws the same numbers. */
export interface Dice {
  /** 0 ≤ x < 1 */
  throw(): number;
  /** One of them, each as likely as the other. */
  pick<Item>(items: readonly Item[]): Item | undefined;
}

/** Mulberry32: 32 bits of state are plenty for a timetable. */
export function openDice(seed: number): Dice {
  let state = seed >>> 0;
  const roll = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { throw: roll, pick: (items) => items[Math.floor(roll() * items.length)] };
}
