import type { Dice } from "./dice.ts";
import type { ChaosOptions } from "./options.ts";

export type Trouble =
  | { readonly kind: "kill" | "redis-kill" | "stop" | "drop"; readonly at: number }
  | {
      readonly kind: "cut";
      readonly at: number;
      readonly action: "close_before_relay" | "close_after_relay";
    };

/** One message that a client will send: its text is unique. */
export interface Letter {
  readonly text: string;
  /** index of the device */
  readonly device: number;
  readonly recipient: string;
  /** not before, ms from the beginning */
  readonly at: number;
}

/** What will happen when, ms from the beginning: the seed decides. */
export interface Plan {
  readonly troubles: readonly Trouble[];
  /** of one recipient, in the order in which they are sent */
  readonly threads: readonly (readonly Letter[])[];
}

/** Nothing happens in the first and the last tenth: it needs a before and an after. */
const MARGIN = 0.1;

export function makePlan(options: ChaosOptions, dice: Dice): Plan {
  const length = options.seconds * 1_000;
  const moment = (): number => Math.round(length * (MARGIN + dice.throw() * (1 - 2 * MARGIN)));
  const many = <Kind extends Trouble>(count: number, make: (index: number) => Kind): Kind[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const troubles: Trouble[] = [
    ...many(options.kills, () => ({ kind: "kill" as const, at: moment() })),
    ...many(options.redisKills, () => ({ kind: "redis-kill" as const, at: moment() })),
    ...many(options.stops, () => ({ kind: "stop" as const, at: moment() })),
    ...many(options.drops, () => ({ kind: "drop" as const, at: moment() })),
    ...many(options.cuts, (index) => ({
      kind: "cut" as const,
      at: moment(),
      action: index % 2 === 0 ? ("close_before_relay" as const) : ("close_after_relay" as const),
    })),
  ];
  return {
    troubles: troubles.toSorted((a, b) => a.at - b.at),
    threads: makeThreads(options, dice, length),
  };
}

function makeThreads(options: ChaosOptions, dice: Dice, length: number): Letter[][] {
  const threads = Array.from({ length: options.devices * options.recipients }, (_, index) => ({
    device: Math.floor(index / options.recipients),
    recipient: `55219${String(10_000_000 + index)}`,
    letters: [] as Letter[],
  }));
  const moments = Array.from({ length: options.messages }, () =>
    Math.round(dice.throw() * length),
  ).toSorted((a, b) => a - b);
  for (const at of moments) {
    const thread = dice.pick(threads);
    if (thread === undefined) continue;
    const { device, recipient, letters } = thread;
    letters.push({ text: `${recipient} #${letters.length + 1}`, device, recipient, at });
  }
  return threads.map(({ letters }) => letters);
}
