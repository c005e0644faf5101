import type { FinalOptions } from "./run-final-answers.ts";

export const LONG: FinalOptions = {
  seed: 1,
  sends: 1_000,
  devices: 10,
  clients: 30,
  everyMs: 700,
  settleSeconds: 120,
};

/** Fits into `npm test`. */
export const SHORT: FinalOptions = {
  ...LONG,
  sends: 80,
  devices: 3,
  clients: 12,
  everyMs: 900,
  settleSeconds: 60,
};
