import { expect } from "vitest";
import type { Message, Pombo } from "../pombo.ts";

/** For `until`: nothing more happens to it by itself. */
export const isSettled = ({ status }: Pick<Message, "status">): boolean =>
  ["read", "failed"].includes(status);

/** A text that is written to the phone, and never answered: it may have arrived. */
export async function silence(pombo: Pombo, to: string): Promise<string> {
  const receipts = { delivery_receipts: false, read_receipts: false };
  await pombo.control("POST", `/admin/phones/${to}/settings`, receipts);
  await pombo.fault("message", "no_ack", { match: { to }, times: 10 });
  const id = await pombo.send(to, "into the dark");
  expect((await pombo.until(id, isSettled, 40_000)).status).toBe("failed");
  return id;
}

/** A text that WhatsApp refuses for good: it never left. */
export async function refuse(pombo: Pombo, to: string): Promise<string> {
  await pombo.fault("message", { nack: 400 }, { match: { to } });
  const id = await pombo.send(to, "refused");
  expect((await pombo.until(id, isSettled)).status).toBe("failed");
  return id;
}
