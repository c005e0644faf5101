import type { Input, Output } from "@pombo/sdk";
import type { Place } from "./place.ts";

export type FaultKind = Output<"listSandboxFaults">["kinds"][number];

/** The form for a trouble, as it was filled in. */
export interface FaultWish {
  readonly fault: FaultKind["fault"];
  /** `off`: until it is switched off. */
  readonly times: string;
  /** Only with the phone in hand, or the device that it talks with. */
  readonly only: boolean;
  readonly seconds: string;
  readonly code: string;
}

/** By whom a trouble can be narrowed: messages by their recipient, connections by the account. */
export function scopeOf({ takes }: { readonly takes: readonly string[] }): "to" | "account" {
  return takes.includes("to") ? "to" : "account";
}

export function orderOf(
  { fault, times, only, seconds, code }: FaultWish,
  kind: { readonly takes: readonly string[] },
  { phone, chat }: Place,
): Input<"addSandboxFault"> {
  const scope = scopeOf(kind);
  const whom = scope === "to" ? phone : chat;
  const takes = (field: string, text: string): boolean =>
    kind.takes.includes(field) && text.trim() !== "";
  return {
    fault,
    times: times === "off" ? null : Number(times),
    ...(only && whom !== undefined ? { [scope]: whom } : {}),
    ...(takes("seconds", seconds) ? { seconds: Number(seconds) } : {}),
    ...(takes("code", code) ? { code: Number(code) } : {}),
  };
}
