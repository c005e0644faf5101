/** From the most to the least urgent. */
export const PRIORITIES = ["otp", "high", "normal", "bulk"] as const;

export type Priority = (typeof PRIORITIES)[number];
