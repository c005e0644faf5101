import { useEffect, useRef } from "react";
import { preference } from "./preferences.ts";

/** Keys and what they do: `j`, `?`, or two after each other, `g o`. */
export type KeyMap = Readonly<Record<string, () => void>>;

/** How long a first key waits for its second. */
const SECOND_KEY_MS = 1_500;

interface Pending {
  readonly key: string;
  readonly at: number;
}

export type KeyVerdict =
  | { readonly kind: "runs"; readonly name: string }
  | { readonly kind: "waits"; readonly pending: Pending }
  | { readonly kind: "ignored" };

/** What a key means, after the one that may have waited for it. */
export function judgeKey(
  key: string,
  {
    pending,
    at,
    names,
  }: { readonly pending?: Pending; readonly at: number; readonly names: readonly string[] },
): KeyVerdict {
  const fresh = pending !== undefined && at - pending.at <= SECOND_KEY_MS;
  const pair = `${pending?.key ?? ""} ${key}`;
  if (fresh && names.includes(pair)) return { kind: "runs", name: pair };
  if (names.includes(key)) return { kind: "runs", name: key };
  if (names.some((name) => name.startsWith(`${key} `)))
    return { kind: "waits", pending: { key, at } };
  return { kind: "ignored" };
}

/** The latest come first: a table's keys before the frame's. */
const maps: { current: KeyMap }[] = [];
let pending: Pending | undefined;

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || isCovered() || preference("single_keys") === "off") return;
  const at = performance.now();
  const names = maps.flatMap((map) => Object.keys(map.current));
  const verdict = judgeKey(event.key, { ...(pending === undefined ? {} : { pending }), at, names });
  pending = verdict.kind === "waits" ? verdict.pending : undefined;
  if (verdict.kind !== "runs") return;
  event.preventDefault();
  maps.findLast((map) => Object.hasOwn(map.current, verdict.name))?.current[verdict.name]?.();
}

/** Keys that do something as long as the component is there. */
export function useKeys(keys: KeyMap): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    if (maps.length === 0) document.addEventListener("keydown", onKeyDown);
    maps.push(latest);
    return () => {
      maps.splice(maps.indexOf(latest), 1);
      if (maps.length === 0) document.removeEventListener("keydown", onKeyDown);
    };
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !["checkbox", "radio", "button", "file"].includes(target.type);
  return target.isContentEditable || target.matches("textarea, select");
}

/** A dialog has the keyboard for itself. */
function isCovered(): boolean {
  return document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;
}
