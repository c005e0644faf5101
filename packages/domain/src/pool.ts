/**
 * How a pool chooses the device of a recipient that none of its devices talks to yet. `balanced`: the one with the most room;
 * `in_order`: the first of the list that can send.
 */
export const POOL_STRATEGIES = ["balanced", "in_order"] as const;

export type PoolStrategy = (typeof POOL_STRATEGIES)[number];
