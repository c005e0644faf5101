import fc from "fast-check";
import { expect, test } from "vitest";
import { ERROR_CODES } from "./catalog.ts";
import {
  ENTRANCES,
  isSettled,
  isTerminal,
  mayEnter,
  MESSAGE_STATUSES,
  type MessageStatus,
} from "./message-status.ts";

const status = fc.constantFrom(...MESSAGE_STATUSES);
const code = fc.option(fc.constantFrom(...ERROR_CODES), { nil: undefined });

/** How far a message is proved to have come. */
const PROOF: Partial<Record<MessageStatus, number>> = { sent: 1, delivered: 2, read: 3, played: 4 };

test("evidence never moves a message backwards, and nothing is entered twice by evidence", () => {
  fc.assert(
    fc.property(status, status, code, (from, to, last) => {
      if (
        !mayEnter(to, "evidence", { status: from, ...(last === undefined ? {} : { code: last }) })
      )
        return;
      expect(PROOF[to]).toBeDefined();
      expect(PROOF[from] ?? 0).toBeLessThan(PROOF[to] ?? 0);
    }),
  );
});

test("a command never touches what is proved or ended", () => {
  for (const to of MESSAGE_STATUSES)
    for (const from of MESSAGE_STATUSES.filter((name) => isSettled(name)))
      expect(mayEnter(to, "command", { status: from })).toBe(false);
});

test("a message that may have left never returns to queued", () => {
  expect(ENTRANCES.queued.command).not.toContain("unknown");
  for (const to of ["expired", "canceled"] as const)
    expect(ENTRANCES[to].command).not.toContain("unknown");
});

test("of the ended ones only an unknown outcome is reopened, and only by evidence", () => {
  fc.assert(
    fc.property(status, code, (to, last) => {
      for (const from of MESSAGE_STATUSES.filter((name) => isTerminal(name))) {
        const facts = { status: from, ...(last === undefined ? {} : { code: last }) };
        const reopened = from === "failed" && last === "OUTCOME_UNKNOWN" && PROOF[to] !== undefined;
        expect(mayEnter(to, "evidence", facts)).toBe(reopened);
      }
    }),
  );
});
