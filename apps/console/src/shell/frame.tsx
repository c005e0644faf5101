import { useLocation, useNavigate } from "@tanstack/react-router";
import { CircleHelp, Menu } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { queries } from "../api/client.ts";
import { toggleFreeze } from "../api/hold.ts";
import { startLive, useLiveState } from "../api/live.ts";
import { hasSignedOut, useSession } from "../api/session.ts";
import { useGo } from "../ui/use-go.ts";
import { FaultsMark } from "./faults-mark.tsx";
import styles from "./frame.module.css";
import { Help } from "./help.tsx";
import { useKeys } from "./keyboard.ts";
import { LiveMark } from "./live-mark.tsx";
import { BottomBar, SideBar } from "./navigation.tsx";
import { placesOf } from "./places.ts";
import { Reach } from "./reach.tsx";
import { Search } from "./search.tsx";
import { UserMenu } from "./user-menu.tsx";

/** What stands around every page. */
export function Frame() {
  const session = useSession();
  const [help, setHelp] = useState(false);
  const live = useLiveState();
  const mayHear = session?.scopes.includes("messages:read") === true;
  useEffect(() => (mayHear ? startLive() : undefined), [mayHear]);
  useWayOut();
  useFrameKeys(() => setHelp(true));
  if (session === undefined) return undefined;
  const places = placesOf(session.mode);
  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      <header className={styles.header}>
        <span className={styles.name} aria-hidden>
          Pombo
        </span>
        <Search />
        <div className={styles.state}>
          {mayHear ? <LiveMark /> : undefined}
          <FaultsMark />
          <span className={styles[session.mode]} data-testid="mode">
            {session.mode === "sandbox" ? "SANDBOX" : "LIVE"}
          </span>
          <button
            type="button"
            className={styles.tool}
            aria-label="Keyboard and display"
            aria-keyshortcuts="?"
            onClick={() => setHelp(true)}
          >
            <CircleHelp aria-hidden size={18} />
          </button>
          <UserMenu session={session} />
        </div>
      </header>
      <SideBar places={places} />
      <main id="main" className={styles.main} data-live={live.kind} tabIndex={-1}>
        <Reach />
      </main>
      <BottomBar places={places} icon={Menu} />
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

/**
 * A session that ended, here or at the server, leads to the sign-in, and back afterwards. What stands behind the `#` stays there: it
 * may be a phone number, and queries reach servers and their logs.
 */
function useWayOut(): void {
  const session = useSession();
  const navigate = useNavigate();
  const location = useLocation();
  const latest = useRef(location);
  useEffect(() => {
    latest.current = location;
  });
  useEffect(() => {
    if (session !== undefined) return;
    queries.clear();
    const { pathname, searchStr, hash } = latest.current;
    const next = pathname + searchStr;
    const search = hasSignedOut() ? { next } : { next, ended: "yes" };
    void navigate({ to: "/sign-in", search, hash });
  }, [session, navigate]);
}

function useFrameKeys(help: () => void): void {
  const go = useGo();
  const session = useSession();
  const places = placesOf(session?.mode ?? "live");
  const jumps = places.flatMap(({ key, to }) =>
    key === undefined ? [] : [[`g ${key}`, () => go(to)] as const],
  );
  useKeys({ ...Object.fromEntries(jumps), "?": help, p: toggleFreeze });
}
