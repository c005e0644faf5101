import { Menu } from "@base-ui/react/menu";
import { CircleUser } from "lucide-react";
import { says } from "../api/says.ts";
import { type Session, signOut } from "../api/session.ts";
import { useToast } from "../ui/toast.tsx";
import frame from "./frame.module.css";
import { THEMES, useTheme } from "./theme.ts";
import styles from "./user-menu.module.css";

/** Who is signed in, how it looks, and the way out. */
export function UserMenu({ session }: { readonly session: Session }) {
  const [theme, choose] = useTheme();
  const toast = useToast();
  const leave = (): void => {
    signOut().catch((error: unknown) => toast({ title: says(error), stays: true }));
  };
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className={frame.tool} aria-label={`Signed in with the key ${session.name}`}>
        <CircleUser aria-hidden size={18} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className={styles.place} align="end" sideOffset={4}>
          <Menu.Popup className={styles.menu} data-menu>
            <div className={styles.who}>
              <strong>{session.name}</strong>
              <span>
                {session.devices === "*" ? "All devices" : `${session.devices.length} devices`}
              </span>
              <span>{session.scopes.join(", ")}</span>
            </div>
            <Menu.RadioGroup value={theme} onValueChange={(next) => choose(next)}>
              {THEMES.map((one) => (
                <Menu.RadioItem key={one} value={one} className={styles.item} closeOnClick>
                  {WORDS[one]}
                  <Menu.RadioItemIndicator className={styles.chosen}>✓</Menu.RadioItemIndicator>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Item className={styles.item} onClick={leave}>
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

const WORDS = { system: "Theme of the system", light: "Light theme", dark: "Dark theme" } as const;
