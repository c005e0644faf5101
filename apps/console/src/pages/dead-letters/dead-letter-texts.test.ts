import { CATALOG, ERROR_CODES } from "@pombo/domain";
import { expect, test } from "vitest";
import { adviceOf, badgeOf } from "./judge-cause.ts";
import { bulkOf, readScope, scopeWords } from "./letter-scope.ts";
import { discardConsent, planOf, redriveConsent } from "./plan-redrive.ts";

const entry = (code: keyof typeof CATALOG) => CATALOG[code];

test("the badge follows from the catalog: what may have arrived, what must be put right, what may go again", () => {
  expect(badgeOf("possible", entry("SEND_FAILED"))).toBe("possible");
  expect(badgeOf("none", entry("SEND_FAILED"))).toBe("safe");
  expect(badgeOf("none", entry("ACCOUNT_RESTRICTED"))).toBe("safe");
  expect(badgeOf("none", entry("MEDIA_UNACCEPTABLE"))).toBe("fix");
  expect(badgeOf("none", entry("ACCOUNT_BLOCKED"))).toBe("fix");
  expect(badgeOf("none", entry("RECIPIENT_REFUSED"))).toBe("fix");
  for (const code of ERROR_CODES) {
    const { effect } = CATALOG[code];
    expect(adviceOf(code, badgeOf(effect, CATALOG[code]))).toMatch(/\.$/);
  }
});

test("the address names letters, and an action says when it means all of them", () => {
  const scope = readScope({
    code: "SEND_FAILED",
    effect: "none",
    device: "dev_1",
    by: "cause",
    since: "x",
  });
  expect(scope).toEqual({ code: "SEND_FAILED", effect: "none", device_id: "dev_1" });
  expect(bulkOf(scope, "7.3EB0")).toEqual({ filter: scope, until: "7.3EB0" });
  expect(bulkOf({}, null)).toEqual({ all: true });
  expect(scopeWords(scope)).toBe("SEND_FAILED that did not leave of dev_1");
});

const cause = {
  error_code: "SEND_FAILED",
  devices: 1,
  batches: 0,
  oldest: "",
  newest: "",
} as const;

test("sending again says who may get it twice; the same id is the default, new ids must be typed", () => {
  const causes = [
    { ...cause, effect: "none", count: 3, possible: 0 },
    { ...cause, effect: "possible", count: 12, possible: 12 },
  ] as const;
  const plan = planOf([...causes], false, false);
  const same = redriveConsent(plan, false);
  expect(same).toMatchObject({ verb: "Send 15 again, same id", level: 1 });
  expect(same.effect).toContain(
    "12 messages may have arrived. Same id: WhatsApp should show each once.",
  );
  const anew = redriveConsent(plan, true);
  expect(anew).toMatchObject({ verb: "Send 15 again, new ids", level: 2 });
  expect(anew.effect.join()).toContain("12 people may get it twice");
  expect(redriveConsent({ ...plan, unfiltered: true }, false).level).toBe(2);
  expect(discardConsent(plan)).toMatchObject({ verb: "Discard 15", level: 2 });
});
