import type { Output } from "@pombo/sdk";
import { counted, formatCount } from "../../ui/format.ts";

type Operation = Pick<Output<"getOperation">, "kind" | "state" | "done" | "failed" | "total">;

export function operationVerdict({ kind, state, done, failed, total }: Operation): string {
  const what = kind === "erase" ? "record" : "message";
  const verb =
    kind === "redrive" ? "put in line again" : kind === "discard" ? "discarded" : "erased";
  const refused = failed === 0 ? "" : ` ${formatCount(failed)} could not be.`;
  if (state === "running")
    return `${counted(done, what)} ${verb} so far, of at most ${formatCount(total)}.${refused}`;
  if (state === "failed") return `It broke off. ${counted(done, what)} ${verb} before.${refused}`;
  return `${counted(done, what)} ${verb}.${refused}`;
}

/** Why a letter was not sent again, for people. */
export function refusalWords(reason: string): string {
  return REFUSALS[reason] ?? reason;
}

const REFUSALS: Readonly<Record<string, string>> = {
  "not-a-letter": "somebody else sent them again or discarded them meanwhile.",
  "no-device": "their device was deleted.",
  "other-identity":
    "they may have left under an earlier phone number. Only new ids could send them.",
  possible: "they may have arrived, and edited they would be second messages.",
  absent: "they are no longer kept.",
  suppressed: "their recipients must not be written to.",
  "queue-full": "their lane has too much to do already.",
};
