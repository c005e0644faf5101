import { expect, test } from "vitest";
import { createHostSlots } from "./slots.ts";

test("a host takes no more than its share, and the others go on beside it", async () => {
  const slots = createHostSlots(3, 2);
  const ran: string[] = [];
  const run = async (host: string) => {
    const leave = await slots.take(host);
    ran.push(host);
    return leave;
  };
  const [first] = await Promise.all([run("slow"), run("slow")]);
  const third = run("slow");
  const leave = await run("quick");
  expect(ran).toEqual(["slow", "slow", "quick"]);
  const fourth = run("other");
  leave();
  leave();
  await fourth;
  expect(ran).toEqual(["slow", "slow", "quick", "other"]);
  first();
  await third;
  expect(ran.at(-1)).toBe("slow");
});
