import { expect, test } from "vitest";
import { keysVerdict, reachText, scopesText, wrongKey } from "./grants.ts";

const NOW = Date.parse("2030-06-30T12:00:00Z");
const DAY = 86_400_000;
const at = (days: number): string => new Date(NOW + days * DAY).toISOString();
const key = (over: Partial<Parameters<typeof keysVerdict>[0][number]> = {}) =>
  ({ state: "active", expires_at: null, last_used_at: at(-1), ...over }) as const;

test("the verdict tells what ends soon and what nobody uses; keys that have ended do not count", () => {
  expect(keysVerdict([key()], NOW)).toBe("1 key is active.");
  expect(
    keysVerdict(
      [
        key({ expires_at: at(3) }),
        key({ expires_at: at(30) }),
        key({ last_used_at: at(-91) }),
        key({ last_used_at: null }),
        key({ state: "revoked", expires_at: at(1), last_used_at: null }),
      ],
      NOW,
    ),
  ).toBe(
    "4 keys are active. 1 key ends within a week; 1 key was not used for 90 days; 1 key was never used.",
  );
  expect(scopesText(["ops:read", "messages:read"])).toBe("ops:read, messages:read");
  expect(reachText("*")).toBe("all devices");
  expect(reachText(["dev_1"])).toBe("1 device");
});

test.each([
  [{ name: " " }, /name/],
  [{ name: "x".repeat(101) }, /100/],
  [{ scopes: [] }, /at least one thing/],
  [{ devices: [] }, /at least one device/],
  [{ ends: "2030-06-30T11:00:00Z" }, /before it begins/],
])("%j is refused", (over, says) => {
  const right = { name: "shop", scopes: ["messages:send"], devices: "*", ends: "" } as const;
  expect(wrongKey(right, NOW)).toBeUndefined();
  expect(wrongKey({ ...right, ...over }, NOW)).toMatch(says);
});
