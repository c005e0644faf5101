import { useSyncExternalStore } from "react";

// A page is held still while somebody froze it (`p`), marks text, or has a menu or a dialog open: nothing repaints by itself meanwhile.

const watchers = new Set<() => void>();
let frozen = false;
let marking = false;

export function isHeld(): boolean {
  return frozen || marking || document.querySelector("[data-menu][data-open]") !== null;
}

export function toggleFreeze(): void {
  frozen = !frozen;
  tell();
}

function tell(): void {
  for (const watcher of watchers) watcher();
}

function onSelection(): void {
  const selection = document.getSelection();
  const now = selection !== null && !selection.isCollapsed && selection.toString() !== "";
  if (now === marking) return;
  marking = now;
  tell();
}

/** @returns what ends it */
export function onHoldChange(watcher: () => void): () => void {
  if (watchers.size === 0) document.addEventListener("selectionchange", onSelection);
  watchers.add(watcher);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) document.removeEventListener("selectionchange", onSelection);
  };
}

export function useFrozen(): boolean {
  return useSyncExternalStore(onHoldChange, () => frozen);
}

/** For `refetchInterval`: how often to ask again, and not at all while the page is held. Hidden tabs don't ask either. */
export function usePoll(ms: number): number | false {
  const held = useSyncExternalStore(onHoldChange, isHeld);
  return held ? false : ms;
}
