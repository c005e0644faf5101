import { prefer, preference, usePreference } from "./preferences.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Before the first paint: the page follows the system unless a cookie says otherwise. */
export function applyTheme(): void {
  const chosen = preference("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
  else delete document.documentElement.dataset["theme"];
}

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const chosen = usePreference("theme");
  const theme = chosen === "light" || chosen === "dark" ? chosen : "system";
  const choose = (next: Theme): void => {
    prefer("theme", next === "system" ? undefined : next);
    applyTheme();
  };
  return [theme, choose];
}
